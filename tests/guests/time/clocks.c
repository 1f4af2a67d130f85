// Clocks: order, agreement with each other and with the raw calls, resolutions, errors.
#include "../guest.h"
#include <sys/time.h>

static long long ns(clockid_t c, int raw) {
    struct timespec t = {-1, -1};
    MUST((raw ? syscall(SYS_clock_gettime, c, &t) : clock_gettime(c, &t)) == 0);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void) {
    static const clockid_t ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    static const char *const names[] = {"realtime", "monotonic", "raw", "boottime", "process", "thread"};
    for (int i = 0; i < 6; i++) {
        int back = 0;
        long long last = 0;
        for (int k = 0; k < 1000; k++) {
            long long now = ns(ids[i], k & 1);
            back += now < last;
            last = now;
        }
        struct timespec res;
        int rc = clock_getres(ids[i], &res);
        say("%s: went back %d, positive %d, resolution %d %d", names[i], back, last > 0, rc, res.tv_sec == 0 && res.tv_nsec == 1);
    }
    long long coarse = ns(CLOCK_MONOTONIC_COARSE, 0), fine = ns(CLOCK_MONOTONIC, 0);
    yes("coarse is a little behind", coarse <= fine && fine - coarse < 500000000);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    long long d = ns(CLOCK_REALTIME, 1) - (tv.tv_sec * 1000000000ll + tv.tv_usec * 1000);
    yes("gettimeofday agrees", d >= 0 && d < 1000000000);
    time_t t = 0, r = time(&t);
    yes("time agrees", r == t && r - tv.tv_sec <= 1 && r >= tv.tv_sec - 1);
    struct timespec ts;
    show("unknown clock", clock_gettime(77, &ts));
    show("getres unknown", clock_getres(77, &ts));
    show("bad pointer", syscall(SYS_clock_gettime, CLOCK_REALTIME, (void *)8));
    show("getres NULL", clock_getres(CLOCK_REALTIME, NULL));
    clockid_t c;
    show_err("clock of our process", clock_getcpuclockid(getpid(), &c));
    yes("it runs", ns(c, 0) > 0);
}
