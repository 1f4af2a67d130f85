// timer_create: one shot, periodic with overrun, ids, settings, SIGEV_NONE, a thread, errors.
#include "../guest.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static int set(timer_t t, long first_ms, long every_ms, int flags) {
    struct itimerspec s = {{every_ms / 1000, every_ms % 1000 * 1000000}, {first_ms / 1000, first_ms % 1000 * 1000000}};
    return timer_settime(t, flags, &s, NULL);
}

static void expect(const char *what, sigset_t *set) {
    siginfo_t si;
    struct timespec limit = {5, 0};
    int sig = sigtimedwait(set, &si, &limit);
    say("%s: %s, code %d, value %d, overrun %s", what, sig > 0 ? signame(sig) : errname(errno), si.si_code,
        si.si_value.sival_int, si.si_overrun == 0 ? "0" : si.si_overrun > 0 ? "more" : "less");
}

int main(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    timer_t plain, rt, none;
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 42};
    show("create", timer_create(CLOCK_MONOTONIC, NULL, &plain));
    show("create with a value", timer_create(CLOCK_REALTIME, &ev, &rt));
    show("set", set(rt, 20, 0, 0));
    expect("one shot", &all);
    struct itimerspec now;
    show("get", timer_gettime(rt, &now));
    say("over: %ld %ld", now.it_value.tv_sec + now.it_value.tv_nsec, now.it_interval.tv_nsec);
    show("set periodic", set(rt, 10, 10, 0));
    expect("periodic", &all);
    usleep(80000);
    expect("late", &all);
    yes("overrun", timer_getoverrun(rt) > 0);
    timer_gettime(rt, &now);
    yes("it goes on", now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 10000000 && now.it_interval.tv_nsec == 10000000);
    show("stop", set(rt, 0, 10, 0));
    timer_gettime(rt, &now);
    say("stopped: %ld %ld", now.it_value.tv_nsec, now.it_interval.tv_nsec);
    struct timespec zero = {0, 0};
    while (sigtimedwait(&all, NULL, &zero) > 0) {}
    show("a date long past", set(plain, 1, 0, TIMER_ABSTIME));
    expect("at once", &all);
    struct itimerspec s = {{0, 0}, {100, 0}}, old;
    timer_settime(plain, 0, &s, NULL);
    timer_settime(plain, 0, &s, &old);
    yes("the old setting", old.it_value.tv_sec == 99);
    ev.sigev_notify = SIGEV_NONE;
    show("for nobody", timer_create(CLOCK_MONOTONIC, &ev, &none));
    show("set", set(none, 10, 0, 0));
    usleep(20000);
    timer_gettime(none, &now);
    say("silently over: %ld", now.it_value.tv_sec + now.it_value.tv_nsec);
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev.sigev_notify_thread_id = gettid();
    timer_t thread;
    show("for a thread", timer_create(CLOCK_MONOTONIC, &ev, &thread));
    set(thread, 10, 0, 0);
    expect("thread", &all);
    ev.sigev_notify_thread_id = 1;
    show("another process's thread", timer_create(CLOCK_MONOTONIC, &ev, &thread));
    ev.sigev_notify = 77;
    show("kind", timer_create(CLOCK_MONOTONIC, &ev, &thread));
    ev = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
    show("signal", timer_create(CLOCK_MONOTONIC, &ev, &thread));
    show("clock", timer_create(77, NULL, &thread));
    show("a clock that only tells", timer_create(CLOCK_MONOTONIC_COARSE, NULL, &thread));
    show("nanoseconds", timer_settime(plain, 0, &(struct itimerspec){{0, 0}, {0, 1000000000}}, NULL));
    show("delete", timer_delete(rt));
    show("again", syscall(SYS_timer_delete, rt));
    show("set what is gone", syscall(SYS_timer_settime, 12345, 0, &s, NULL));
    set(plain, 10, 0, 0);
    pid_t pid = fork();
    if (pid == 0) {
        show("not inherited", syscall(SYS_timer_gettime, plain, &now));
        _exit(0);
    }
    reap("child", pid);
}
