// A periodic timer's handler interrupts calls; a processor-time timer; a timer does not outlive exec.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig, siginfo_t *si, void *cx) {
    (void)sig;
    (void)cx;
    hits += si->si_code == SI_TIMER;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        usleep(50000);
        say("alive after exec");
        return 0;
    }
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGALRM, &sa, NULL);
    timer_t t, c;
    MUST(timer_create(CLOCK_MONOTONIC, NULL, &t) == 0);
    struct itimerspec every = {{0, 5000000}, {0, 5000000}};
    timer_settime(t, 0, &every, NULL);
    while (hits < 5) pause();
    show("interrupted", nanosleep(&(struct timespec){5, 0}, NULL));
    timer_delete(t);
    int before = hits;
    usleep(20000);
    yes("deleted timers are silent", hits <= before + 1);
    hits = 0;
    MUST(timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &c) == 0);
    struct itimerspec once = {{0, 0}, {0, 30000000}};
    timer_settime(c, 0, &once, NULL);
    while (!hits) {}
    yes("processor time", clock() >= 25000);
    MUST(timer_create(CLOCK_MONOTONIC, NULL, &t) == 0);
    sa.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &sa, NULL);
    struct itimerspec soon = {{0, 0}, {0, 20000000}};
    timer_settime(t, 0, &soon, NULL);
    execl("/proc/self/exe", argv[0], "again", NULL);
    return 1;
}
