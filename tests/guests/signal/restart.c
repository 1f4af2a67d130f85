// Which interrupted calls SA_RESTART restarts (read, wait, flock) and which always say EINTR (nanosleep, poll, select, pause, sigsuspend...).
#include "../guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/uio.h>

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGUSR1; }
static int fd[2];

static int call(int which) {
    char c;
    struct pollfd p = {fd[0], POLLIN, 0};
    struct timespec t = {5, 0};
    struct timeval tv = {5, 0};
    fd_set r;
    FD_ZERO(&r);
    FD_SET(fd[0], &r);
    sigset_t none;
    sigemptyset(&none);
    struct epoll_event ev;
    switch (which) {
    case 0: return read(fd[0], &c, 1);
    case 1: return nanosleep(&t, NULL);
    case 2: return poll(&p, 1, 5000);
    case 3: return select(fd[0] + 1, &r, NULL, NULL, &tv);
    case 4: return pause();
    case 5: return sigsuspend(&none);
    case 6: return ppoll(&p, 1, &t, NULL);
    case 7: return sigtimedwait(&none, NULL, &t);
    case 8: return epoll_wait(epoll_create1(0), &ev, 1, 5000);
    case 9: return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
    default: return readv(fd[0], &(struct iovec){&c, 1}, 1);
    }
}

int main(void) {
    static const char *const names[] = {"read", "nanosleep", "poll", "select", "pause", "sigsuspend", "ppoll", "sigtimedwait", "epoll_wait",
                                        "clock_nanosleep", "readv"};
    gate_t done;
    gate_init(&done);
    for (int restart = 0; restart < 2; restart++)
        for (int i = 0; i < 11; i++) {
            struct sigaction sa = {.sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0};
            sigaction(SIGUSR1, &sa, NULL);
            MUST(pipe(fd) == 0);
            hits = 0;
            pid_t parent = getpid(), pid = fork();
            if (pid == 0) {
                settle(parent);
                // The first signal may come before the call sleeps, so it is repeated until the call is over.
                for (struct pollfd p = {done.fd[0], POLLIN, 0};;) {
                    kill(parent, SIGUSR1);
                    if (poll(&p, 1, 10) == 1) _exit(0);
                    if (restart && (i == 0 || i == 10)) // a restarted read ends by this byte
                        MUST(write(fd[1], "x", 1) == 1);
                }
            }
            int rc = call(i), err = errno;
            gate_open(&done);
            say("%s, SA_RESTART %d: %d %s, handled %d", names[i], restart, rc, rc == -1 ? errname(err) : "-", hits > 0);
            while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) {}
            gate_wait(&done);
            close(fd[0]);
            close(fd[1]);
        }
}
