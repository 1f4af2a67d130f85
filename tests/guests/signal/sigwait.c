// sigwaitinfo, sigtimedwait and sigwait take pending signals without a handler, lowest first; timeouts say EAGAIN.
#include "../guest.h"

static void handler(int sig) { say("handler for %s", signame(sig)); }

int main(void) {
    sigset_t set;
    siginfo_t si;
    struct timespec none = {0, 0}, brief = {0, 20000000}, long_time = {10, 0};
    signal(SIGUSR1, handler);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    show("empty poll", sigtimedwait(&set, &si, &none));
    long start = now_ms();
    show("20 ms", sigtimedwait(&set, &si, &brief));
    yes("it waited", now_ms() - start >= 20);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 3});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 4});
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 4; i++) {
        int sig = sigwaitinfo(&set, &si);
        say("%s signo right %d, value %d", signame(sig), sig == si.si_signo, si.si_code == SI_QUEUE ? si.si_value.sival_int : -1);
    }
    pid_t pid = fork();
    if (pid == 0) {
        settle(getppid());
        kill(getppid(), SIGUSR2);
        _exit(0);
    }
    int got = 0;
    show_err("sigwait", sigwait(&set, &got));
    say("%s", signame(got));
    reap("child", pid);
    signal(SIGALRM, handler); // outside the set: interrupts
    ualarm(20000, 0);
    show("interrupted", sigtimedwait(&set, &si, &long_time));
}
