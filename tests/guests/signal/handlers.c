// signal, sigaction, raise and kill: dispositions in and out, handlers run before kill to oneself returns.
#include "../guest.h"

static volatile sig_atomic_t last, count;
static void handler(int sig) { last = sig, count++; }

int main(void) {
    yes("default at first", signal(SIGUSR1, handler) == SIG_DFL);
    yes("old handler comes back", signal(SIGUSR1, handler) == handler);
    raise(SIGUSR1);
    say("%s %d", signame(last), (int)count);
    kill(getpid(), SIGUSR1);
    say("%s %d", signame(last), (int)count);
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER}, old;
    sigaddset(&sa.sa_mask, SIGHUP);
    sigaction(SIGUSR2, &sa, NULL);
    sigaction(SIGUSR2, NULL, &old);
    say("flags RESTART %d NODEFER %d, mask HUP %d INT %d", !!(old.sa_flags & SA_RESTART), !!(old.sa_flags & SA_NODEFER),
        sigismember(&old.sa_mask, SIGHUP), sigismember(&old.sa_mask, SIGINT));
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
    say("%s %d", signame(last), (int)count);
    for (int sig = 1; sig <= 64; sig++) {
        if (sig == 32 || sig == 33) continue;
        if (signal(sig, handler) == SIG_ERR)
            say("%s cannot be handled: %s", signame(sig), errname(errno));
        else {
            raise(sig);
            if (last != sig) say("%s was not delivered", signame(sig));
        }
    }
    say("handled %d", (int)count);
}
