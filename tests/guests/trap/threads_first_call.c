// Many threads make their first call at the same fresh places at the same moment.
#include "../guest.h"
#include <pthread.h>
#define SITES 64

static unsigned char *code;
static pthread_barrier_t start;
static void *run(void *arg) {
    long right = 0;
    pthread_barrier_wait(&start);
    for (int k = 0; k < 20; k++)
        for (int i = 0; i < SITES; i++) right += ((int (*)(void))(uintptr_t)(code + i * 16))() == getpid();
    (void)arg;
    return (void *)right;
}

int main(void) {
    static const unsigned char site[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x90, 0x90, 0xc3};
    long total = 0;
    pthread_barrier_init(&start, NULL, 6);
    for (int round = 0; round < 5; round++) {
        code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < SITES; i++) memcpy(code + i * 16, site, sizeof site);
        mprotect(code, 4096, PROT_READ | PROT_EXEC);
        pthread_t t[6];
        for (int i = 0; i < 6; i++) pthread_create(&t[i], NULL, run, NULL);
        for (int i = 0; i < 6; i++) {
            void *r;
            pthread_join(t[i], &r);
            total += (long)r;
        }
    }
    say("right answers %ld of %d", total, 5 * 6 * 20 * SITES);
}
