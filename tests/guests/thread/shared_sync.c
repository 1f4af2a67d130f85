// Process-shared mutex, condition, barrier and semaphore in MAP_SHARED memory, used over fork.
#include "../guest.h"
#include <pthread.h>
#include <semaphore.h>

struct shared {
    pthread_mutex_t m;
    pthread_cond_t c;
    pthread_barrier_t b;
    sem_t s;
    int turn, count;
};

int main(void) {
    struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t ma;
    pthread_condattr_t ca;
    pthread_barrierattr_t ba;
    pthread_mutexattr_init(&ma);
    pthread_condattr_init(&ca);
    pthread_barrierattr_init(&ba);
    pthread_mutexattr_setpshared(&ma, 1);
    pthread_condattr_setpshared(&ca, 1);
    pthread_barrierattr_setpshared(&ba, 1);
    pthread_mutex_init(&s->m, &ma);
    pthread_cond_init(&s->c, &ca);
    pthread_barrier_init(&s->b, &ba, 3);
    sem_init(&s->s, 1, 0);
    pid_t pid[3];
    for (int i = 0; i < 3; i++)
        if ((pid[i] = fork()) == 0) {
            for (int k = 0; k < 200; k++) { // strict turns
                pthread_mutex_lock(&s->m);
                while (s->turn != i) pthread_cond_wait(&s->c, &s->m);
                s->turn = (i + 1) % 3;
                s->count++;
                pthread_cond_broadcast(&s->c);
                pthread_mutex_unlock(&s->m);
            }
            int serial = pthread_barrier_wait(&s->b) == PTHREAD_BARRIER_SERIAL_THREAD;
            if (serial) sem_post(&s->s);
            _exit(0);
        }
    show("sem_wait", sem_wait(&s->s));
    for (int i = 0; i < 3; i++) reap("child", pid[i]);
    say("count %d, turn %d", s->count, s->turn);
}
