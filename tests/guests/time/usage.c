// times, getrusage and the processor clocks grow with work, and agree about it.
#include "../guest.h"
#include <sys/times.h>

int main(void) {
    struct rusage a, b;
    struct tms t;
    struct timespec c;
    getrusage(RUSAGE_SELF, &a);
    clock_t first = times(&t);
    volatile unsigned x = 0;
    do {
        for (int i = 0; i < 1000000; i++) x += i;
        getrusage(RUSAGE_SELF, &b);
    } while ((b.ru_utime.tv_sec - a.ru_utime.tv_sec) * 1000000 + b.ru_utime.tv_usec - a.ru_utime.tv_usec < 40000);
    clock_t last = times(&t);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &c);
    yes("ticks went on", last - first >= 3);
    yes("user ticks", t.tms_utime >= 3);
    yes("process clock", c.tv_sec * 1000 + c.tv_nsec / 1000000 >= 39);
    yes("resident size", b.ru_maxrss > 100);
    getrusage(RUSAGE_THREAD, &a);
    // How it is split in two, Linux only estimates, for a thread and for its process apart.
    long both = (a.ru_utime.tv_sec + a.ru_stime.tv_sec) * 1000000 + a.ru_utime.tv_usec + a.ru_stime.tv_usec;
    yes("thread's share", both >= 39000);
    char *m = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(m, 1, 4 << 20);
    getrusage(RUSAGE_SELF, &a);
    yes("page faults", a.ru_minflt > b.ru_minflt);
    show("times NULL", times(NULL) > 0);
    show("bad pointer", syscall(SYS_getrusage, RUSAGE_SELF, (void *)8));
}
