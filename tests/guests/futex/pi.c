// Futexes with an owner: taking, trying, waiting, letting go, owners that end, and what the word says.
#include "../guest.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

static unsigned word;
static int tid(void) { return syscall(SYS_gettid); }
static long op(unsigned *w, int what, const struct timespec *until) { return syscall(SYS_futex, w, what, 0, until, 0, 0); }
static const char *marks(unsigned w) {
    static char text[64];
    snprintf(text, sizeof text, "%s%s%s", w & FUTEX_TID_MASK ? ((int)(w & FUTEX_TID_MASK) == tid() ? "mine" : "other's") : "free",
             w & FUTEX_WAITERS ? " waiters" : "", w & FUTEX_OWNER_DIED ? " died" : "");
    return text;
}

static unsigned volatile turn;
static void await_(unsigned n) { while (turn != n) sched_yield(); }

// Takes it, says so, and lets go when it is told to.
static void *holder(void *arg) {
    (void)arg;
    MUST(op(&word, FUTEX_LOCK_PI_PRIVATE, NULL) == 0);
    turn = 1;
    await_(2);
    MUST(op(&word, FUTEX_UNLOCK_PI_PRIVATE, NULL) == 0);
    return NULL;
}

static void *dies(void *arg) {
    (void)arg;
    MUST(op(&word, FUTEX_LOCK_PI_PRIVATE, NULL) == 0);
    turn = 1;
    // Ends when somebody waits for it.
    while (!(*(volatile unsigned *)&word & FUTEX_WAITERS)) sched_yield();
    return NULL;
}

static volatile int interrupted;
static void handler(int sig) { (void)sig, interrupted++; }

static pthread_t waiter;
static void *interrupts(void *arg) {
    (void)arg;
    MUST(op(&word, FUTEX_LOCK_PI_PRIVATE, NULL) == 0);
    turn = 1;
    while (!(*(volatile unsigned *)&word & FUTEX_WAITERS)) sched_yield();
    pthread_kill(waiter, SIGUSR1);
    while (!interrupted) sched_yield();
    MUST(op(&word, FUTEX_UNLOCK_PI_PRIVATE, NULL) == 0);
    return NULL;
}

enum { THREADS = 4, ROUNDS = 1000 };
static unsigned contended;
static long sum;
static void take(unsigned *w) {
    unsigned free_ = 0;
    if (!__atomic_compare_exchange_n(w, &free_, tid(), 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) MUST(op(w, FUTEX_LOCK_PI, NULL) == 0);
}
static void give(unsigned *w) {
    unsigned own = tid();
    if (!__atomic_compare_exchange_n(w, &own, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) MUST(op(w, FUTEX_UNLOCK_PI, NULL) == 0);
}
static void *adds(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        take(&contended);
        long seen = sum;
        if (i % 64 == 0) sched_yield();
        sum = seen + 1;
        give(&contended);
    }
    return NULL;
}

static void robust(void) {
    struct shared { pthread_mutex_t m; int value; } *s = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    MUST(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT) == 0 && pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0);
    MUST(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0);
    show_err("init", pthread_mutex_init(&s->m, &a));
    pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(&s->m);
        *(volatile int *)&s->value = 1;
        sleep_ms(50);
        _exit(0);
    }
    while (*(volatile int *)&s->value == 0) sched_yield();
    show_err("lock of one whose owner ends", pthread_mutex_lock(&s->m));
    show_err("consistent", pthread_mutex_consistent(&s->m));
    show_err("unlock", pthread_mutex_unlock(&s->m));
    show_err("lock", pthread_mutex_lock(&s->m));
    show_err("unlock", pthread_mutex_unlock(&s->m));
    waitpid(child, NULL, 0);
}

int main(void) {
    struct timespec past = {1, 0}, bad = {0, 1000000000}, soon;
    show("lock", op(&word, FUTEX_LOCK_PI, NULL));
    say("%s", marks(word));
    show("again", op(&word, FUTEX_LOCK_PI, NULL));
    show("try again", op(&word, FUTEX_TRYLOCK_PI, NULL));
    show("unlock", op(&word, FUTEX_UNLOCK_PI, NULL));
    say("%s", marks(word));
    show("unlock what is free", op(&word, FUTEX_UNLOCK_PI, NULL));
    show("try", op(&word, FUTEX_TRYLOCK_PI, NULL));
    show("unlock", op(&word, FUTEX_UNLOCK_PI, NULL));
    show("lock2", op(&word, FUTEX_LOCK_PI2, NULL));
    show("unlock", op(&word, FUTEX_UNLOCK_PI, NULL));
    show("not aligned", op((unsigned *)((char *)&word + 1), FUTEX_LOCK_PI, NULL));
    show("nowhere", op(NULL, FUTEX_LOCK_PI, NULL));
    show("nowhere", op(NULL, FUTEX_UNLOCK_PI, NULL));
    show("no such time", op(&word, FUTEX_LOCK_PI, &bad));
    show("no such clock", op(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, NULL));
    word = FUTEX_OWNER_DIED;
    show("lock one whose owner died", op(&word, FUTEX_LOCK_PI, NULL));
    say("%s", marks(word));
    show("unlock", op(&word, FUTEX_UNLOCK_PI, NULL));
    say("%s", marks(word));
    word = 0x3ffffffe;
    show("lock of nobody's", op(&word, FUTEX_LOCK_PI, NULL));
    show("try nobody's", op(&word, FUTEX_TRYLOCK_PI, NULL));
    word = 0;

    pthread_t t;
    MUST(pthread_create(&t, NULL, holder, NULL) == 0);
    await_(1);
    say("%s", marks(word));
    show("try another's", op(&word, FUTEX_TRYLOCK_PI_PRIVATE, NULL));
    show("unlock another's", op(&word, FUTEX_UNLOCK_PI_PRIVATE, NULL));
    show("too late", op(&word, FUTEX_LOCK_PI_PRIVATE, &past));
    show("too late", op(&word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, &past));
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_nsec += 1000000;
    if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
    show("too late soon", op(&word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, &soon));
    say("%s", marks(word));
    turn = 2;
    pthread_join(t, NULL);
    say("%s", marks(word));

    turn = 0;
    MUST(pthread_create(&t, NULL, dies, NULL) == 0);
    await_(1);
    show("its owner ends", op(&word, FUTEX_LOCK_PI_PRIVATE, NULL));
    say("%s", marks(word));
    pthread_join(t, NULL);
    show("unlock", op(&word, FUTEX_UNLOCK_PI_PRIVATE, NULL));
    say("%s", marks(word));

    struct sigaction act = {.sa_handler = handler};
    sigaction(SIGUSR1, &act, NULL);
    waiter = pthread_self();
    turn = 0;
    MUST(pthread_create(&t, NULL, interrupts, NULL) == 0);
    await_(1);
    show("interrupted", op(&word, FUTEX_LOCK_PI_PRIVATE, NULL));
    // Whether it waits again after the handler is a matter of time.
    say("handled %d, %d", interrupted, (int)(word & FUTEX_TID_MASK) == tid());
    pthread_join(t, NULL);
    show("unlock", op(&word, FUTEX_UNLOCK_PI_PRIVATE, NULL));

    pthread_t all[THREADS];
    for (int i = 0; i < THREADS; i++) MUST(pthread_create(&all[i], NULL, adds, NULL) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(all[i], NULL);
    say("sum %ld", sum);
    robust();
    return 0;
}
