// Blocked signals pend, ordinary ones once; unblocking delivers before the call returns; KILL and STOP cannot be blocked.
#include "../guest.h"

static volatile sig_atomic_t order[8], count;
static void handler(int sig) {
    if (count < 8) order[count++] = sig;
}

int main(void) {
    sigset_t set, old, pend;
    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    signal(SIGHUP, handler);
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigprocmask(SIG_SETMASK, NULL, &old);
    say("blocked: USR1 %d, KILL %d, STOP %d, SEGV %d", sigismember(&old, SIGUSR1), sigismember(&old, SIGKILL), sigismember(&old, SIGSTOP),
        sigismember(&old, SIGSEGV));
    for (int i = 0; i < 3; i++) raise(SIGUSR2), raise(SIGUSR1), raise(SIGHUP);
    sigpending(&pend);
    say("pending: USR1 %d, USR2 %d, HUP %d, INT %d", sigismember(&pend, SIGUSR1), sigismember(&pend, SIGUSR2), sigismember(&pend, SIGHUP),
        sigismember(&pend, SIGINT));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("after unblocking USR2: %d, %s", (int)count, signame(order[0]));
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    say("after unblocking all: %d", (int)count);
    sigpending(&pend);
    yes("nothing pends", sigisemptyset(&pend));
    // a pending signal that becomes ignored is dropped
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&pend);
    say("pending after SIG_IGN: %d", sigismember(&pend, SIGUSR1));
    signal(SIGUSR1, handler);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("count still %d", (int)count);
}
