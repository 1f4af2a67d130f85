// Cancellation: at a blocking call, deferred until a test point, asynchronous, disabled; cleanup handlers run.
#include "../guest.h"
#include <pthread.h>

static int fd[2];
static gate_t ready;
static volatile int spins;
static void cleanup(void *arg) { say("cleanup %s", (char *)arg); }
static void *blocked(void *arg) {
    char c;
    pthread_cleanup_push(cleanup, "blocked");
    gate_open(&ready);
    if (read(fd[0], &c, 1) < 0) say("not expected");
    pthread_cleanup_pop(0);
    return arg;
}
static void *spinning(void *arg) {
    int old;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    pthread_cleanup_push(cleanup, "spinning");
    gate_open(&ready);
    for (;;) spins++;
    pthread_cleanup_pop(0);
    return arg;
}
static void *disabled(void *arg) {
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    gate_open(&ready);
    gate_wait((gate_t *)arg);
    say("still here");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    pthread_testcancel();
    return NULL;
}

int main(void) {
    gate_t go;
    gate_init(&ready);
    gate_init(&go);
    MUST(pipe(fd) == 0);
    void *(*const f[])(void *) = {blocked, spinning, disabled};
    for (int i = 0; i < 3; i++) {
        pthread_t t;
        void *r;
        pthread_create(&t, NULL, f[i], &go);
        gate_wait(&ready);
        int err = pthread_cancel(t);
        if (i == 2) gate_open(&go);
        pthread_join(t, &r);
        show_err("cancel", err);
        say("cancelled %d", r == PTHREAD_CANCELED);
    }
}
