// Nonblocking writes: up to PIPE_BUF all or nothing, larger ones in part; blocking large writes arrive whole.
#include "../guest.h"

int main(void) {
    static char big[200000], back[200000];
    int p[2];
    MUST(pipe2(p, O_NONBLOCK) == 0);
    show("200000 into an empty pipe", write(p[1], big, sizeof big));
    show("4096 into a full one", write(p[1], big, 4096));
    show("take a little", read(p[0], back, 100));
    show("4096 with less than a page free", write(p[1], big, 4096));
    show("take a page", read(p[0], back, 4096));
    show("4096 fit now", write(p[1], big, 4096));
    MUST(pipe(p) == 0);
    for (unsigned i = 0; i < sizeof big; i++) big[i] = i * 7 + i / 256;
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        ssize_t n = write(p[1], big, sizeof big);
        _exit(n == sizeof big ? 9 : 1);
    }
    close(p[1]);
    size_t got = 0;
    for (ssize_t n; (n = read(p[0], back + got, 777)) > 0;) got += n;
    say("received %zu, same %d", got, memcmp(big, back, sizeof big) == 0);
    reap("writer", pid);
}
