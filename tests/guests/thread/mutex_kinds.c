// Mutex kinds under contention and misuse: normal, recursive, error-checking, trylock, timedlock.
#include "../guest.h"
#include <pthread.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static void *count(void *arg) {
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&m);
        counter++;
        pthread_mutex_unlock(&m);
    }
    return arg;
}
static void *try_other(void *arg) {
    struct timespec soon;
    show_err("trylock from another thread", pthread_mutex_trylock(arg));
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 10000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
    show_err("timedlock from another thread", pthread_mutex_timedlock(arg, &soon));
    show_err("unlock from another thread", pthread_mutex_unlock(arg));
    return NULL;
}

int main(void) {
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, count, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    say("counter %ld", counter);
    pthread_mutexattr_t at;
    pthread_mutex_t check, rec;
    pthread_mutexattr_init(&at);
    pthread_mutexattr_settype(&at, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&check, &at);
    pthread_mutexattr_settype(&at, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&rec, &at);
    show_err("lock", pthread_mutex_lock(&check));
    show_err("lock again", pthread_mutex_lock(&check));
    pthread_create(&t[0], NULL, try_other, &check);
    pthread_join(t[0], NULL);
    show_err("unlock", pthread_mutex_unlock(&check));
    show_err("unlock again", pthread_mutex_unlock(&check));
    for (int i = 0; i < 3; i++) show_err("recursive lock", pthread_mutex_lock(&rec));
    for (int i = 0; i < 4; i++) show_err("recursive unlock", pthread_mutex_unlock(&rec));
}
