// nanosleep and clock_nanosleep: at least as long, absolute, remaining time after a signal, errors.
#include "../guest.h"

static void handler(int sig) { (void)sig; }

int main(void) {
    struct timespec t = {0, 15000000}, rem = {7, 7}, bad = {0, 1000000000}, negative = {-1, 0};
    long start = now_ms();
    show("15 ms", nanosleep(&t, &rem));
    say("long enough %d, rest untouched %d", now_ms() - start >= 14, rem.tv_sec == 7);
    show("bad nanoseconds", nanosleep(&bad, NULL));
    show("negative", nanosleep(&negative, NULL));
    show("bad pointer", syscall(SYS_nanosleep, (void *)8, NULL));
    t = (struct timespec){0, 0};
    show("zero", nanosleep(&t, NULL));
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &sa, NULL);
    ualarm(20000, 0);
    t = (struct timespec){100, 0};
    show("interrupted", nanosleep(&t, &rem));
    yes("remaining time is right", rem.tv_sec == 99 && rem.tv_nsec > 0);
    ualarm(20000, 0);
    show_err("clock_nanosleep interrupted", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &rem));
    yes("remaining", rem.tv_sec == 99);
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 10000000;
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    struct timespec now;
    show_err("absolute", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    clock_gettime(CLOCK_MONOTONIC, &now);
    yes("reached", now.tv_sec > t.tv_sec || (now.tv_sec == t.tv_sec && now.tv_nsec >= t.tv_nsec));
    t.tv_sec = 1;
    show_err("absolute in the past", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    show_err("unknown clock", clock_nanosleep(77, 0, &t, NULL));
    show_err("thread clock", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL));
}
