// RLIMIT_FSIZE: a write up to the limit is cut, beyond it SIGXFSZ and EFBIG; truncation too.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGXFSZ; }

int main(void) {
    char b[4096];
    memset(b, 'x', sizeof b);
    signal(SIGXFSZ, handler);
    show("limit", setrlimit(RLIMIT_FSIZE, &(struct rlimit){5000, RLIM_INFINITY}));
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    show("first", write(fd, b, 4096));
    show("second is cut", write(fd, b, 4096));
    say("signals %d", (int)hits);
    show("third", write(fd, b, 1));
    say("signals %d", (int)hits);
    show("pwrite far out", pwrite(fd, b, 1, 1 << 20));
    show("overwriting is fine", pwrite(fd, b, 100, 0));
    show("ftruncate up", ftruncate(fd, 6000));
    show("ftruncate within", ftruncate(fd, 4999));
    say("signals %d", (int)hits);
    signal(SIGXFSZ, SIG_IGN);
    show("ignored", pwrite(fd, b, 1, 5000));
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_DFL);
        show("write", pwrite(fd, b, 1, 9999));
        _exit(0);
    }
    reap("default", pid);
    int p[2];
    MUST(pipe(p) == 0);
    show("pipes do not count", write(p[1], b, 4096));
}
