// Real-time signals queue: lowest number first, each number in order of sending, values kept.
#include "../guest.h"

static void handler(int sig, siginfo_t *si, void *uc) {
    (void)uc;
    say("%s value %d code %d", signame(sig), si->si_value.sival_int, si->si_code);
}

int main(void) {
    sigset_t set;
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigfillset(&sa.sa_mask);
    sigemptyset(&set);
    for (int i = 0; i < 3; i++) {
        sigaction(SIGRTMIN + i, &sa, NULL);
        sigaddset(&set, SIGRTMIN + i);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    static const int order[] = {2, 0, 1, 0, 2, 1, 0};
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) sigqueue(getpid(), SIGRTMIN + order[i], (union sigval){.sival_int = (int)i});
    kill(getpid(), SIGRTMIN + 1);
    say("unblock");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("done");
}
