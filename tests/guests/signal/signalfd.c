// signalfd: reading what is pending, poll and epoll, a new mask, who reads after fork, errors.
#include "../guest.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static void take(const char *what, int fd) {
    struct signalfd_siginfo si[4];
    memset(si, 0, sizeof si);
    long n = read(fd, si, sizeof si);
    if (n < 0) {
        show(what, n);
        return;
    }
    say("%s: %ld records", what, n / (long)sizeof si[0]);
    for (int i = 0; i < n / (int)sizeof si[0]; i++)
        say("  %s code %d, pid %s, value %d, status %d", signame(si[i].ssi_signo), si[i].ssi_code,
            si[i].ssi_pid == (unsigned)getpid() ? "own" : si[i].ssi_pid ? "other" : "none", si[i].ssi_int, si[i].ssi_status);
}

static void *sender(void *arg) {
    (void)arg;
    usleep(30000);
    kill(getpid(), SIGUSR2);
    return NULL;
}

int main(void) {
    sigset_t all, set;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGKILL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    show("close-on-exec", fcntl(fd, F_GETFD));
    take("nothing", fd);
    kill(getpid(), SIGUSR2);
    take("not asked for", fd);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 7});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 8});
    struct pollfd p = {fd, POLLIN, 0};
    show("poll", poll(&p, 1, 0));
    take("three", fd);
    show("poll", poll(&p, 1, 0));
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGCHLD);
    show("new mask", signalfd(fd, &set, 0) == fd);
    take("the other", fd);
    pthread_t t;
    int e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN};
    epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev);
    pthread_create(&t, NULL, sender, NULL);
    show("epoll_wait", epoll_wait(e, &ev, 1, 5000));
    take("from a thread", fd);
    pthread_join(t, NULL);
    pthread_create(&t, NULL, sender, NULL);
    fcntl(fd, F_SETFL, 0);
    take("blocking", fd);
    pthread_join(t, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGUSR1);
        take("the child's own", fd);
        _exit(3);
    }
    show("poll until the child ends", poll(&p, 1, 5000));
    take("its end", fd);
    waitpid(pid, NULL, 0);
    show("short", read(fd, &ev, 8));
    show("flags", signalfd(-1, &set, 1));
    show("size", syscall(SYS_signalfd4, -1, &set, 16, 0));
    show("not a signalfd", signalfd(e, &set, 0));
    show("closed", signalfd(99, &set, 0));
}
