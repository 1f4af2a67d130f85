// Threads: results through join, ids, shared memory, detached threads, joining errors.
#include "../guest.h"
#include <pthread.h>

static gate_t gone;
static void *square(void *arg) { return (void *)((intptr_t)arg * (intptr_t)arg); }
static void *identity(void *arg) {
    *(int *)arg = (getpid() != gettid()) + 2 * (syscall(SYS_gettid) == gettid());
    return NULL;
}
static void *detached(void *arg) {
    gate_open(&gone);
    return arg;
}
static void *self_join(void *arg) {
    show_err("join oneself", pthread_join(pthread_self(), NULL));
    return arg;
}

int main(void) {
    pthread_t t[10];
    gate_init(&gone);
    long sum = 0;
    for (intptr_t i = 0; i < 10; i++) show_err("create", pthread_create(&t[i], NULL, square, (void *)i));
    for (int i = 0; i < 10; i++) {
        void *r;
        MUST(pthread_join(t[i], &r) == 0);
        sum += (intptr_t)r;
    }
    say("sum of squares %ld", sum);
    int flags = 0;
    pthread_create(&t[0], NULL, identity, &flags);
    pthread_join(t[0], NULL);
    say("own thread id %d, raw the same %d", flags & 1, flags >> 1);
    pthread_create(&t[0], NULL, detached, NULL);
    show_err("detach", pthread_detach(t[0]));
    say("the detached thread ran %d", gate_wait(&gone));
    pthread_create(&t[0], NULL, self_join, NULL);
    pthread_join(t[0], NULL);
}
