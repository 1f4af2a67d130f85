// Of several pending signals handlers run so that the lowest number is taken first; synchronous faults go before.
#include "../guest.h"

static volatile int list[8], n;
static void handler(int sig) { list[n++] = sig; }

int main(void) {
    const int sigs[] = {SIGUSR1, SIGRTMIN + 3, SIGHUP, SIGTERM, SIGRTMIN, SIGSEGV};
    sigset_t set, pend;
    struct sigaction sa = {.sa_handler = handler};
    sigemptyset(&set);
    sigfillset(&sa.sa_mask); // no nesting: the order of running is the order of taking
    for (int i = 0; i < 6; i++) sigaction(sigs[i], &sa, NULL), sigaddset(&set, sigs[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 6; i++) kill(getpid(), sigs[i]);
    sigpending(&pend);
    for (int i = 0; i < 6; i++) say("pending %s: %d", signame(sigs[i]), sigismember(&pend, sigs[i]));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    for (int i = 0; i < n; i++) say("%d: %s", i, signame(list[i]));
}
