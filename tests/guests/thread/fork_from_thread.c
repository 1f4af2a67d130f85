// fork in a threaded program: only the calling thread exists in the child, which can use threads again.
#include "../guest.h"
#include <pthread.h>

static volatile int ticks;
static void *tick(void *arg) {
    for (;;) ticks++, sched_yield();
    return arg;
}
static void *plain(void *arg) { return arg; }
static __thread int local;
static void *forker(void *arg) {
    local = 77;
    while (ticks == 0) sched_yield();
    pid_t pid = fork();
    if (pid == 0) {
        say("TLS of the forking thread %d", local);
        yes("we are the main thread now", getpid() == gettid());
        int before = ticks;
        sleep_ms(5);
        say("the other thread ticks here %d", ticks != before);
        pthread_t t;
        void *r = NULL;
        show_err("create", pthread_create(&t, NULL, plain, (void *)9));
        pthread_join(t, &r);
        say("joined %d", (int)(intptr_t)r);
        _exit(12);
    }
    reap("child", pid);
    return arg;
}
static void before(void) { say("prepare"); }
static int after;
static void in_parent(void) { after++; }
static void in_child(void) {}

int main(void) {
    pthread_t a, b;
    pthread_atfork(before, in_parent, in_child);
    pthread_create(&a, NULL, tick, NULL);
    pthread_create(&b, NULL, forker, NULL);
    pthread_join(b, NULL);
    say("handlers run in the parent %d", after);
}
