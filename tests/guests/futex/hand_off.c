// Two threads hand a token to and fro by raw futex calls ten thousand times.
#include "../guest.h"
#include <linux/futex.h>
#include <pthread.h>
#define ROUNDS 5000

static int turn;
static long sum;
static void play(int me) {
    for (int i = 0; i < ROUNDS; i++) {
        int t;
        while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != me) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, t, NULL, NULL, 0);
        sum = sum * 3 % 1000003 + me + i;
        __atomic_store_n(&turn, !me, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}
static void *other(void *arg) {
    play(1);
    return arg;
}

int main(void) {
    pthread_t t;
    pthread_create(&t, NULL, other, NULL);
    play(0);
    pthread_join(t, NULL);
    say("sum %ld", sum);
}
