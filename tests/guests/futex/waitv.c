// futex_waitv: which word woke, values that differ, timeouts, refusals.
// cc: -pthread
#include "../guest.h"
#include <linux/futex.h>
#include <pthread.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
struct waitv { uint64_t val, addr; uint32_t flags, reserved; };
static uint32_t words[3];
static volatile int started;

static long waitv(struct waitv *w, unsigned n, unsigned flags, struct timespec *t, int clock) {
    return syscall(SYS_futex_waitv, w, n, flags, t, clock);
}

static void *waker(void *unused) {
    (void)unused;
    while (!started) sched_yield();
    // Wakes until somebody was there.
    while (syscall(SYS_futex, &words[2], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 0) sched_yield();
    return NULL;
}

int main(void) {
    struct waitv w[3];
    for (int i = 0; i < 3; i++) w[i] = (struct waitv){0, (uintptr_t)&words[i], 2 | FUTEX_PRIVATE_FLAG, 0};
    struct timespec past = {0, 1}, bad = {0, -1};
    show("none", waitv(w, 0, 0, NULL, 0));
    show("too many", waitv(w, 129, 0, NULL, 0));
    show("flags", waitv(w, 3, 1, NULL, 0));
    show("no list", waitv(NULL, 3, 0, NULL, 0));
    show("bad time", waitv(w, 3, 0, &bad, CLOCK_MONOTONIC));
    show("bad clock", waitv(w, 3, 0, &past, 7));
    show("timed out", waitv(w, 3, 0, &past, CLOCK_MONOTONIC));
    w[1].flags = 0x55;
    show("unknown flags of a word", waitv(w, 3, 0, NULL, 0));
    w[1].flags = 2 | FUTEX_PRIVATE_FLAG;
    w[1].addr++;
    show("not aligned", waitv(w, 3, 0, NULL, 0));
    w[1].addr--;
    w[1].val = 5;
    show("another value", waitv(w, 3, 0, NULL, 0));
    w[1].val = 0;
    pthread_t t;
    MUST(pthread_create(&t, NULL, waker, NULL) == 0);
    started = 1;
    show("woken", waitv(w, 3, 0, NULL, 0));
    pthread_join(t, NULL);
    return 0;
}
