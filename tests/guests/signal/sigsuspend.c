// sigsuspend swaps the mask, waits for a handler and puts the mask back; no signal slips through between.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

int main(void) {
    sigset_t block, open_mask, now;
    signal(SIGUSR1, handler);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    sigemptyset(&open_mask);
    raise(SIGUSR1);
    say("blocked, hits %d", (int)hits);
    show("with one pending", sigsuspend(&open_mask));
    say("hits %d", (int)hits);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("USR1 blocked again %d", sigismember(&now, SIGUSR1));
    hits = 0;
    pid_t pid = fork(); // ping-pong: every round must find its signal
    if (pid == 0) {
        for (int i = 0; i < 500; i++) {
            kill(getppid(), SIGUSR1);
            while (hits <= i) sigsuspend(&open_mask);
        }
        _exit(0);
    }
    for (int i = 0; i < 500; i++) {
        while (hits <= i) sigsuspend(&open_mask);
        kill(pid, SIGUSR1);
    }
    reap("partner", pid);
    say("rounds %d", (int)hits);
}
