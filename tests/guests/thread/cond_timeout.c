// pthread_cond_timedwait times out on both clocks, and holds the mutex again afterwards.
#include "../guest.h"
#include <pthread.h>

int main(void) {
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i ? CLOCK_MONOTONIC : CLOCK_REALTIME;
        pthread_condattr_t at;
        pthread_cond_t c;
        pthread_mutexattr_t ma;
        pthread_mutex_t m;
        pthread_condattr_init(&at);
        pthread_condattr_setclock(&at, clock);
        pthread_cond_init(&c, &at);
        pthread_mutexattr_init(&ma);
        pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutex_init(&m, &ma);
        struct timespec t, past = {1, 0};
        pthread_mutex_lock(&m);
        show_err("in the past", pthread_cond_timedwait(&c, &m, &past));
        clock_gettime(clock, &t);
        t.tv_nsec += 20000000;
        if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
        long start = now_ms();
        show_err("20 ms", pthread_cond_timedwait(&c, &m, &t));
        yes("it took that long", now_ms() - start >= 19);
        show_err("mutex is ours", pthread_mutex_unlock(&m));
    }
}
