// A bounded queue on a mutex and two condition variables; producers and consumers lose and double nothing.
#include "../guest.h"
#include <pthread.h>
#define ITEMS 3000

static int ring[8], head, tail, done;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t space = PTHREAD_COND_INITIALIZER, item = PTHREAD_COND_INITIALIZER;
static char seen[3 * ITEMS];
static void *producer(void *arg) {
    for (int i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&m);
        while (head - tail == 8) pthread_cond_wait(&space, &m);
        ring[head++ % 8] = (int)(intptr_t)arg * ITEMS + i;
        pthread_cond_signal(&item);
        pthread_mutex_unlock(&m);
    }
    return NULL;
}
static void *consumer(void *arg) {
    pthread_mutex_lock(&m);
    for (;;) {
        while (head == tail && !done) pthread_cond_wait(&item, &m);
        if (head == tail) break;
        seen[ring[tail++ % 8]]++;
        pthread_cond_signal(&space);
    }
    pthread_mutex_unlock(&m);
    return arg;
}

int main(void) {
    pthread_t p[3], c[3];
    for (int i = 0; i < 3; i++) pthread_create(&c[i], NULL, consumer, NULL);
    for (intptr_t i = 0; i < 3; i++) pthread_create(&p[i], NULL, producer, (void *)i);
    for (int i = 0; i < 3; i++) pthread_join(p[i], NULL);
    pthread_mutex_lock(&m);
    done = 1;
    pthread_cond_broadcast(&item);
    pthread_mutex_unlock(&m);
    for (int i = 0; i < 3; i++) pthread_join(c[i], NULL);
    int once = 0;
    for (int i = 0; i < 3 * ITEMS; i++) once += seen[i] == 1;
    say("%d of %d items seen once", once, 3 * ITEMS);
}
