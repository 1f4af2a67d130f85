// Four hundred short threads one after the other and in pairs.
#include "../guest.h"
#include <pthread.h>

static int total;
static void *add(void *arg) {
    __atomic_fetch_add(&total, (int)(intptr_t)arg, __ATOMIC_RELAXED);
    return arg;
}

int main(void) {
    for (int i = 0; i < 200; i++) {
        pthread_t a, b;
        MUST(pthread_create(&a, NULL, add, (void *)1) == 0);
        MUST(pthread_create(&b, NULL, add, (void *)2) == 0);
        pthread_join(b, NULL);
        pthread_join(a, NULL);
    }
    say("total %d", total);
}
