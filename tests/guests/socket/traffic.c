// Much traffic both ways, in pieces of all sizes, on a stream of each family: nothing is lost, doubled or out of order.
#include "inet.h"
#define TOTAL 3000000

static unsigned char at(long i) { return i * 31 + i / 251; }

static void feed(int fd, unsigned seed) {
    static unsigned char b[70000];
    for (long i = 0; i < TOTAL;) {
        long n = rand_r(&seed) % (rand_r(&seed) % 4 ? 900 : 70000) + 1;
        if (n > TOTAL - i) n = TOTAL - i;
        for (long k = 0; k < n; k++) b[k] = at(i + k);
        MUST(write(fd, b, n) == n);
        i += n;
    }
    shutdown(fd, SHUT_WR);
}

static long drain(int fd, unsigned seed) {
    static unsigned char b[70000];
    long i = 0, n, wrong = 0;
    while ((n = read(fd, b, rand_r(&seed) % (rand_r(&seed) % 3 ? 3000 : 70000) + 1)) > 0)
        for (long k = 0; k < n; k++, i++) wrong += b[k] != at(i);
    return wrong ? -wrong : i;
}

static void run(const char *name, int s[2]) {
    pid_t echo = fork();
    if (echo == 0) {
        close(s[0]);
        if (fork() == 0) {
            feed(s[1], 3);
            _exit(0);
        }
        say("%s there: %ld", name, drain(s[1], 4));
        wait(NULL);
        _exit(0);
    }
    close(s[1]);
    pid_t w = fork();
    if (w == 0) {
        feed(s[0], 1);
        _exit(0);
    }
    long back = drain(s[0], 2);
    reap("far end", echo);
    say("%s back: %ld", name, back);
    reap("writer", w);
    close(s[0]);
    // Small messages to and fro.
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    int k = 0;
    if (fork() == 0) {
        while (read(s[1], &k, sizeof k) == sizeof k && k < 20000) write(s[1], &k, sizeof k);
        _exit(0);
    }
    for (k = 0; k < 20000; k++) {
        int r = -1;
        write(s[0], &k, sizeof k);
        MUST(read(s[0], &r, sizeof r) == sizeof r && r == k);
    }
    write(s[0], &k, sizeof k);
    wait(NULL);
    say("to and fro %d", k);
}

int main(void) {
    int s[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    run("unix", s);
    tcp(s);
    run("tcp", s);
}
