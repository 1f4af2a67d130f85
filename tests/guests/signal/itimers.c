// setitimer: real, virtual and profiling timers, intervals, old values and errors.
#include "../guest.h"
#include <sys/time.h>

static volatile sig_atomic_t hits[3];
static void handler(int sig) { hits[sig == SIGALRM ? 0 : sig == SIGVTALRM ? 1 : 2]++; }

int main(void) {
    signal(SIGALRM, handler);
    signal(SIGVTALRM, handler);
    signal(SIGPROF, handler);
    struct itimerval it = {{0, 2000}, {0, 2000}}, old, off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &it, NULL);
    while (hits[0] < 5) sleep_ms(1);
    show("stop", setitimer(ITIMER_REAL, &off, &old));
    say("interval was %ld us", (long)old.it_interval.tv_usec);
    int seen = hits[0];
    sleep_ms(10);
    yes("no more after stopping", hits[0] == seen);
    // The next interval begins when the signal is taken.
    sigset_t alarm, pending;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    do sigpending(&pending);
    while (!sigismember(&pending, SIGALRM));
    getitimer(ITIMER_REAL, &old);
    say("not taken: value %ld, interval %ld", (long)old.it_value.tv_usec, (long)old.it_interval.tv_usec);
    show("taken", sigwaitinfo(&alarm, NULL));
    show("and taken again", sigwaitinfo(&alarm, NULL));
    setitimer(ITIMER_REAL, &off, NULL);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    for (int which = 1; which < 3; which++) {
        setitimer(which, &it, NULL);
        for (long end = now_ms() + 5000; hits[which] < 3 && now_ms() < end;)
            for (volatile int i = 0; i < 100000; i++) {}
        setitimer(which, &off, NULL);
        yes(which == 1 ? "virtual timer" : "profiling timer", hits[which] >= 3);
    }
    it = (struct itimerval){{3, 0}, {100, 5}};
    setitimer(ITIMER_REAL, &it, NULL);
    getitimer(ITIMER_REAL, &old);
    say("value %d, interval %ld.%06ld", old.it_value.tv_sec >= 99, (long)old.it_interval.tv_sec, (long)old.it_interval.tv_usec);
    it.it_value.tv_usec = 1000000;
    show("a million microseconds", setitimer(ITIMER_REAL, &it, NULL));
    show("timer 3", setitimer(3, &off, NULL));
    show("getitimer 3", getitimer(3, &old));
    it.it_value = (struct timeval){-1, 0};
    show("negative", setitimer(ITIMER_REAL, &it, NULL));
}
