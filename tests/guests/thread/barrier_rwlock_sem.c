// Barriers elect one thread a round; readers share and writers exclude; semaphores count.
#include "../guest.h"
#include <pthread.h>
#include <semaphore.h>

static pthread_barrier_t b;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int serial, readers, most_readers, inside, most_inside;
static long x, y, torn;
static void most(int *cell, int now) {
    for (int old = __atomic_load_n(cell, __ATOMIC_SEQ_CST); now > old && !__atomic_compare_exchange_n(cell, &old, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);) {}
}
static void *worker(void *arg) {
    for (int i = 0; i < 50; i++)
        if (pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_fetch_add(&serial, 1, __ATOMIC_SEQ_CST);
    pthread_rwlock_rdlock(&rw);
    most(&most_readers, __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST));
    pthread_barrier_wait(&b); // only possible if all read at once
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    pthread_rwlock_unlock(&rw);
    for (int i = 0; i < 500; i++) {
        if (i % 4 == 0) {
            pthread_rwlock_wrlock(&rw);
            x++, y++;
        } else {
            pthread_rwlock_rdlock(&rw);
            if (x != y) __atomic_fetch_add(&torn, 1, __ATOMIC_SEQ_CST);
        }
        pthread_rwlock_unlock(&rw);
    }
    for (int i = 0; i < 50; i++) {
        sem_wait(&sem);
        most(&most_inside, __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST));
        sched_yield();
        __atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
        sem_post(&sem);
    }
    return arg;
}

int main(void) {
    pthread_t t[5];
    pthread_barrier_init(&b, NULL, 5);
    sem_init(&sem, 0, 2);
    for (int i = 0; i < 5; i++) pthread_create(&t[i], NULL, worker, NULL);
    for (int i = 0; i < 5; i++) pthread_join(t[i], NULL);
    say("serial threads %d, readers at once %d, torn reads %ld, writes %ld", serial, most_readers, torn, x);
    yes("never more than two inside", most_inside <= 2);
    int v;
    sem_getvalue(&sem, &v);
    say("semaphore %d", v);
    sem_trywait(&sem);
    sem_trywait(&sem);
    show("sem_trywait on zero", sem_trywait(&sem));
    struct timespec past = {1, 0};
    show("sem_timedwait", sem_timedwait(&sem, &past));
}
