// A vfork child changes signal dispositions and mask without touching the parent's.
#include "../guest.h"

static volatile int hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

int main(void) {
    signal(SIGUSR1, handler);
    pid_t pid = vfork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_IGN);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        kill(getppid(), SIGUSR1); // pends until the parent runs again
        _exit(hits);
    }
    say("hits after vfork: %d", hits);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("parent's mask holds SIGUSR2: %d", sigismember(&now, SIGUSR2));
    raise(SIGUSR1);
    say("hits after raise: %d", hits);
    reap("child saw so many hits", pid);
}
