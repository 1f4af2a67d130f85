// What a fork passes on: mask, handlers, umask, cwd, limits, nice; what it does not: pending signals, alarm, timers, times.
#include "../guest.h"
#include <sys/time.h>
#include <sys/times.h>

static void handler(int sig) { (void)sig; }

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR2, handler);
    signal(SIGHUP, SIG_IGN);
    umask(027);
    struct rlimit lim = {50, 60};
    setrlimit(RLIMIT_NOFILE, &lim);
    alarm(100);
    struct itimerval timer = {{0, 0}, {50, 0}};
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
    MUST(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 2) == 0);
    int nice = getpriority(PRIO_PROCESS, 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction sa;
        sigprocmask(SIG_BLOCK, NULL, &set);
        say("USR1 blocked %d", sigismember(&set, SIGUSR1));
        sigpending(&set);
        say("USR1 pending %d", sigismember(&set, SIGUSR1));
        sigaction(SIGUSR2, NULL, &sa);
        say("USR2 handled %d", sa.sa_handler == handler);
        sigaction(SIGHUP, NULL, &sa);
        say("HUP ignored %d", sa.sa_handler == SIG_IGN);
        say("umask %03o", umask(0));
        getrlimit(RLIMIT_NOFILE, &lim);
        say("limit %d %d", (int)lim.rlim_cur, (int)lim.rlim_max);
        say("alarm %u", alarm(0));
        getitimer(ITIMER_VIRTUAL, &timer);
        say("virtual timer %ld", (long)timer.it_value.tv_sec);
        say("same nice %d", getpriority(PRIO_PROCESS, 0) == nice);
        struct tms t;
        times(&t);
        say("children's times %ld", (long)(t.tms_cutime + t.tms_cstime));
        _exit(0);
    }
    reap("child", pid);
    say("our alarm is still set: %d", alarm(0) > 90);
    sigpending(&set);
    say("our USR1 is still pending: %d", sigismember(&set, SIGUSR1));
}
