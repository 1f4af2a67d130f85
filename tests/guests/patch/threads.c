// Threads that meet at sites nobody has used before, all at once, while signals fly; every call answers right.
#include "site.h"
#include <pthread.h>

#define THREADS 4
#define SITES 48
#define CALLS 700

// SITES functions, one after the other, of 32 bytes each
__asm__(".text\n.balign 32\n.globl many\nmany:\n"
        ".rept 48\n.balign 32\nmov $186, %eax\nsyscall\nmov %rax, %rdx\nmov %rdx, %rax\ncmp $-4096, %rax\nret\n.endr\n");
extern char many[];

static volatile int go;
static long wrong[THREADS];
static pthread_t ids[THREADS];
static volatile int handled;
static void handler(int sig) {
    (void)sig;
    handled++;
}

static void *run(void *arg) {
    long me = syscall(SYS_gettid), n = (long)arg;
    while (!go) sched_yield();
    for (int s = 0; s < SITES; s++) {
        long (*call)(void) = (long (*)(void))(uintptr_t)(many + 32 * s);
        for (int i = 0; i < CALLS; i++) wrong[n] += call() != me;
        if (s % 8 == n) pthread_kill(ids[(n + 1) % THREADS], SIGUSR1);
    }
    while (go < 2) sched_yield();
    return NULL;
}

int main(void) {
    signal(SIGUSR1, handler);
    for (long i = 0; i < THREADS; i++) MUST(pthread_create(&ids[i], NULL, run, (void *)i) == 0);
    go = 1;
    long me = syscall(SYS_gettid), bad = 0;
    for (int s = SITES - 1; s >= 0; s--)
        for (int i = 0; i < CALLS; i++) bad += ((long (*)(void))(uintptr_t)(many + 32 * s))() != me;
    go = 2;
    for (int i = 0; i < THREADS; i++) pthread_join(ids[i], NULL);
    for (int i = 0; i < THREADS; i++) bad += wrong[i];
    say("wrong answers %ld", bad);
    yes("signals came", handled > 0);
}
