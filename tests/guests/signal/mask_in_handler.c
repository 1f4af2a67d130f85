// While a handler runs, its own signal and its sa_mask are blocked; SA_NODEFER leaves out the first; return restores.
#include "../guest.h"

static void handler(int sig) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("in %s: USR1 %d USR2 %d HUP %d", signame(sig), sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2), sigismember(&now, SIGHUP));
    sigaddset(&now, SIGTERM); // a change made here ends with the handler
    sigprocmask(SIG_SETMASK, &now, NULL);
}

int main(void) {
    struct sigaction sa = {.sa_handler = handler};
    sigset_t now;
    sigaddset(&sa.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &sa, NULL);
    sa.sa_flags = SA_NODEFER;
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR2);
    sigprocmask(SIG_BLOCK, NULL, &now);
    yes("mask restored", sigisemptyset(&now));
}
