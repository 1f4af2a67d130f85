// timerfd: one shot, periodic, absolute, poll and epoll, settings, errors.
#include "../guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

static int set(int fd, long first_ms, long every_ms, int flags) {
    struct itimerspec s = {{every_ms / 1000, every_ms % 1000 * 1000000}, {first_ms / 1000, first_ms % 1000 * 1000000}};
    return timerfd_settime(fd, flags, &s, NULL);
}

int main(void) {
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), e = epoll_create1(0);
    uint64_t n = 77;
    struct pollfd p = {t, POLLIN | POLLOUT, 0};
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
    show("close-on-exec", fcntl(t, F_GETFD));
    show("not set", read(t, &n, 8));
    show("epoll", epoll_ctl(e, EPOLL_CTL_ADD, t, &ev));
    show("set", set(t, 20, 0, 0));
    show("not yet", poll(&p, 1, 0));
    show("poll", poll(&p, 1, 5000));
    say("events %#x", p.revents);
    show("epoll_wait", epoll_wait(e, &ev, 1, 5000));
    show("edge", epoll_wait(e, &ev, 1, 0));
    show("read", read(t, &n, 8));
    say("ticks %d", (int)n);
    show("read again", read(t, &n, 8));
    show("periodic", set(t, 10, 10, 0));
    usleep(65000);
    struct itimerspec now;
    show("get", timerfd_gettime(t, &now));
    yes("between", now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 10000000 && now.it_interval.tv_nsec == 10000000);
    show("read", read(t, &n, 8));
    yes("several ticks", n >= 6 && n < 60);
    show("next", poll(&p, 1, 5000));
    show("epoll_wait", epoll_wait(e, &ev, 1, 5000));
    show("stop", set(t, 0, 10, 0));
    show("stopped", read(t, &n, 8));
    show("past", set(t, 1, 0, TFD_TIMER_ABSTIME));
    show("at once", read(t, &n, 8));
    say("ticks %d", (int)n);
    fcntl(t, F_SETFL, 0);
    struct timespec date;
    clock_gettime(CLOCK_MONOTONIC, &date);
    struct itimerspec s = {{0, 0}, {date.tv_sec + 1, date.tv_nsec}}, old;
    show("a date", timerfd_settime(t, TFD_TIMER_ABSTIME, &s, NULL));
    show("read it", timerfd_settime(t, TFD_TIMER_ABSTIME, &s, &old));
    yes("old setting", old.it_value.tv_sec == 0 && old.it_value.tv_nsec > 0);
    set(t, 30, 0, 0);
    show("blocking read", read(t, &n, 8));
    pid_t pid = fork();
    if (pid == 0) {
        set(t, 30, 0, 0);
        _exit(0);
    }
    reap("child sets it", pid);
    show("parent reads", read(t, &n, 8));
    show("short", read(t, &n, 7));
    show("write", write(t, &n, 8));
    show("clock", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    show("flags", timerfd_create(CLOCK_MONOTONIC, 1));
    show("settime flags", timerfd_settime(t, 4, &s, NULL));
    show("nanoseconds", timerfd_settime(t, 0, &(struct itimerspec){{0, 0}, {0, -1}}, NULL));
    show("not a timer", timerfd_settime(e, 0, &s, NULL));
    show("closed", timerfd_settime(99, 0, &s, NULL));
    show("realtime", timerfd_create(CLOCK_REALTIME, 0) >= 0);
}
