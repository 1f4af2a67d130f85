// RLIMIT_SIGPENDING bounds the queue: sigqueue says EAGAIN, kill still marks the signal.
#include "../guest.h"

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, 0});
    show("sigqueue", sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1}));
    show("kill", kill(getpid(), SIGUSR1));
    sigset_t pend;
    sigpending(&pend);
    say("pending: RT %d, USR1 %d", sigismember(&pend, SIGRTMIN), sigismember(&pend, SIGUSR1));
    siginfo_t si;
    show("sigwaitinfo", sigwaitinfo(&set, &si) == SIGUSR1);
    say("code %d", si.si_code);
}
