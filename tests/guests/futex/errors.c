// What futex refuses, and the timeouts it honours.
#include "../guest.h"
#include <linux/futex.h>

static long futex(void *addr, int op, int val, void *timeout, void *addr2, int val3) {
    return syscall(SYS_futex, addr, op, val, timeout, addr2, val3);
}

int main(void) {
    static int w[4] __attribute__((aligned(16)));
    struct timespec short_time = {0, 10000000}, bad = {0, 1000000000}, negative = {-1, 0}, zero = {0, 0}, past = {1, 0};
    show("value differs", futex(w, FUTEX_WAIT, 1, NULL, NULL, 0));
    show("misaligned", futex((char *)w + 1, FUTEX_WAIT, 0, NULL, NULL, 0));
    show("misaligned wake", futex((char *)w + 1, FUTEX_WAKE, 1, NULL, NULL, 0));
    show("bad address", futex((void *)8, FUTEX_WAIT, 0, NULL, NULL, 0));
    show("kernel address", futex((void *)0xffff800000000000ul, FUTEX_WAIT, 0, NULL, NULL, 0));
    show("wake nobody", futex(w, FUTEX_WAKE, 1, NULL, NULL, 0));
    long start = now_ms();
    show("timeout", futex(w, FUTEX_WAIT, 0, &short_time, NULL, 0));
    yes("it took that long", now_ms() - start >= 9);
    show("zero timeout", futex(w, FUTEX_WAIT_PRIVATE, 0, &zero, NULL, 0));
    show("bad nanoseconds", futex(w, FUTEX_WAIT, 0, &bad, NULL, 0));
    show("negative", futex(w, FUTEX_WAIT, 0, &negative, NULL, 0));
    show("bad timeout pointer", futex(w, FUTEX_WAIT, 0, (void *)8, NULL, 0));
    show("absolute in the past", futex(w, FUTEX_WAIT_BITSET, 0, &past, NULL, -1));
    show("absolute real time", futex(w, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, -1));
    show("empty bitset", futex(w, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    show("wake empty bitset", futex(w, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    show("compare requeue, differs", futex(w, FUTEX_CMP_REQUEUE, 1, (void *)1, w + 1, 5));
    show("compare requeue, same", futex(w, FUTEX_CMP_REQUEUE, 1, (void *)1, w + 1, 0));
    show("requeue negative", futex(w, FUTEX_REQUEUE, -1, (void *)1, w + 1, 0));
    show("unknown operation", futex(w, 99, 0, NULL, NULL, 0));
    show("FUTEX_FD is gone", futex(w, FUTEX_FD, 0, NULL, NULL, 0));
    show("wake with the real-time flag", futex(w, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
}
