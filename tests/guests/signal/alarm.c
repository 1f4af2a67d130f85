// alarm: remaining seconds, replacing, cancelling, delivery to pause and by default action.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGALRM; }

int main(void) {
    signal(SIGALRM, handler);
    say("none before: %u", alarm(100));
    say("remaining: %u", alarm(50));
    say("remaining: %u", alarm(0));
    say("cancelled: %u", alarm(0));
    long start = now_ms();
    ualarm(20000, 0);
    show("pause", pause());
    yes("it took its time", now_ms() - start >= 19);
    say("hits %d, left %u", (int)hits, alarm(0));
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGALRM, SIG_DFL);
        ualarm(1000, 0);
        for (;;) pause();
    }
    reap("default", pid);
}
