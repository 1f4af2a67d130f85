// A signal every fraction of a millisecond while a process makes all sorts of calls: every result must stay right.
#include "../guest.h"
#include <sys/time.h>

static volatile sig_atomic_t hits;
static void handler(int sig) {
    int saved = errno;
    hits += sig == SIGALRM;
    syscall(SYS_getppid); // a call inside the handler too
    errno = saved;
}

// Microseconds. Faster than a handler with its two calls takes, nothing else would ever run; so where calls are slow at all, leave a lot of room.
static long interval(void) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 50; i++) syscall(SYS_getppid);
    clock_gettime(CLOCK_MONOTONIC, &to);
    long ten_calls = ((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000) / 5;
    return ten_calls < 300 ? 300 : 20000;
}

int main(void) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &sa, NULL);
    long us = interval();
    struct itimerval it = {{0, us}, {0, us}};
    int p[2], wrong = 0;
    MUST(pipe(p) == 0);
    setitimer(ITIMER_REAL, &it, NULL);
    long end = now_ms() + 1500;
    for (int i = 0; i < 300 || (hits < 100 && now_ms() < end); i++) {
        char buf[600], name[32];
        memset(buf, i, sizeof buf);
        wrong += write(p[1], buf, 600) != 600;
        memset(buf, 0, sizeof buf);
        wrong += read(p[0], buf, 600) != 600 || buf[599] != (char)i;
        snprintf(name, sizeof name, "f%d", i % 7);
        int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        wrong += fd < 0 || write(fd, buf, 100) != 100 || lseek(fd, 0, SEEK_END) != 100;
        close(fd);
        wrong += unlink(name) != 0;
        if (i % 20 == 0) {
            pid_t pid = fork();
            if (pid == 0) _exit(i & 0x7f);
            int st = -1;
            wrong += pid < 0 || waitpid(pid, &st, 0) != pid || WEXITSTATUS(st) != (i & 0x7f);
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    yes("many signals came", hits >= 20);
    say("wrong results %d", wrong);
}
