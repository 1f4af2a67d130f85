// Handlers without SA_RESTART do not interrupt writes for which there is room.
#include "../guest.h"
#include <sys/time.h>

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGALRM; }

int main(void) {
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
    for (int i = 0; i < 500; i++) {
        // A signal that is sent to oneself is pending in no call; one that comes while the call begins may be.
        MUST(write(1, "0123456789\n", 11) == 11);
        if (i % 100 == 0) raise(SIGALRM);
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    yes("handlers ran", hits >= 4);
}
