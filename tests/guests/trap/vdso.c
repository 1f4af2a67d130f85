// The clocks behind AT_SYSINFO_EHDR agree with the real calls; a program without it may still ask by number.
#include "../guest.h"
#include <sys/auxv.h>
#include <sys/time.h>

int main(void) {
    long wrong = 0;
    for (int i = 0; i < 2000; i++) {
        struct timespec a, b, c;
        clock_gettime(CLOCK_MONOTONIC, &a);
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b);
        clock_gettime(CLOCK_MONOTONIC, &c);
        long long x = a.tv_sec * 1000000000ll + a.tv_nsec, y = b.tv_sec * 1000000000ll + b.tv_nsec, z = c.tv_sec * 1000000000ll + c.tv_nsec;
        wrong += x > y || y > z;
    }
    say("out of order %ld", wrong);
    struct timeval tv;
    time_t t = syscall(SYS_time, NULL);
    show("raw gettimeofday", syscall(SYS_gettimeofday, &tv, NULL));
    yes("raw time agrees", tv.tv_sec - t <= 1 && t <= tv.tv_sec);
    unsigned cpu = ~0u;
    show("raw getcpu", syscall(SYS_getcpu, &cpu, NULL, NULL));
    yes("sched_getcpu answers", sched_getcpu() >= 0);
}
