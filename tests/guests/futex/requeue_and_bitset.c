// FUTEX_CMP_REQUEUE moves waiters to another word; FUTEX_WAKE_BITSET wakes only those whose bits match.
#include "../guest.h"
#include <linux/futex.h>
#include <pthread.h>

static int a, b, woken;
static pid_t tids[8];
struct job {
    int index, *word;
    unsigned bits;
};
static long futex(int *addr, int op, int val, long val2, int *addr2, unsigned val3) { return syscall(SYS_futex, addr, op, val, val2, addr2, val3); }
static void *waiter(void *arg) {
    struct job *j = arg;
    __atomic_store_n(&tids[j->index], gettid(), __ATOMIC_SEQ_CST);
    long rc = j->bits ? futex(j->word, FUTEX_WAIT_BITSET, 0, 0, NULL, j->bits) : futex(j->word, FUTEX_WAIT, 0, 0, NULL, 0);
    if (rc == 0) __atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}
static void start(pthread_t *t, struct job *j) {
    pthread_create(t, NULL, waiter, j);
    while (!__atomic_load_n(&tids[j->index], __ATOMIC_SEQ_CST)) sched_yield();
    settle_task(getpid(), tids[j->index]);
    sleep_ms(2);
}

int main(void) {
    pthread_t t[8];
    struct job j[8];
    for (int i = 0; i < 4; i++) j[i] = (struct job){i, &a, 0}, start(&t[i], &j[i]);
    show("requeue: wake 1, move 2", futex(&a, FUTEX_CMP_REQUEUE, 1, 2, &b, 0));
    show("wake those moved", futex(&b, FUTEX_WAKE, 10, 0, NULL, 0));
    show("wake the one left", futex(&a, FUTEX_WAKE, 10, 0, NULL, 0));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    say("woken %d", woken);
    for (int i = 4; i < 8; i++) j[i] = (struct job){i, &a, 1u << (i - 4)}, start(&t[i], &j[i]);
    show("bits 5", futex(&a, FUTEX_WAKE_BITSET, 10, 0, NULL, 5));
    show("bits 5 again", futex(&a, FUTEX_WAKE_BITSET, 10, 0, NULL, 5));
    show("an ordinary wake matches all", futex(&a, FUTEX_WAKE, 10, 0, NULL, 0));
    for (int i = 4; i < 8; i++) pthread_join(t[i], NULL);
    say("woken %d", woken);
}
