// From one futex to another with an owner: who gets it, who waits for it, what is refused, signals, times, owners that end.
#include "../guest.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>

static unsigned word, lock, elsewhere;
static const int P = FUTEX_PRIVATE_FLAG;
static int tid(void) { return syscall(SYS_gettid); }
static long wait_(unsigned *w, int flags, unsigned val, const struct timespec *until, unsigned *l) {
    return syscall(SYS_futex, w, FUTEX_WAIT_REQUEUE_PI | flags, val, until, l, 0);
}
static long move(unsigned *w, int flags, int wake, int more, unsigned *l, unsigned val) {
    return syscall(SYS_futex, w, FUTEX_CMP_REQUEUE_PI | flags, wake, (long)more, l, val);
}
static long op(unsigned *w, int what, unsigned val) { return syscall(SYS_futex, w, what, val, NULL, 0, 0); }
static const char *marks(unsigned w, int owner) {
    static char text[64];
    snprintf(text, sizeof text, "%s%s%s", w & FUTEX_TID_MASK ? ((int)(w & FUTEX_TID_MASK) == owner ? "its" : "other's") : "free",
             w & FUTEX_WAITERS ? " waiters" : "", w & FUTEX_OWNER_DIED ? " died" : "");
    return text;
}
// Moves as soon as somebody is there to be moved.
static long move_one(unsigned *l, int more) {
    long n;
    while ((n = move(&word, P, 1, more, l, word)) == 0) sched_yield();
    return n;
}
// Somebody waits now: moving it elsewhere is refused.
static void await_waiter(void) {
    while (move(&word, P, 1, 0, &elsewhere, word) == 0) sched_yield();
}

struct waiter {
    pthread_t thread;
    int flags, ended;
    volatile int id;
    struct timespec *until;
    long rc;
    int err, owned;
};
static void *waits(void *arg) {
    struct waiter *w = arg;
    w->id = tid();
    w->rc = wait_(&word, P | w->flags, 0, w->until, &lock);
    w->err = errno;
    w->owned = (int)(lock & FUTEX_TID_MASK) == w->id;
    if (w->owned) MUST(op(&lock, FUTEX_UNLOCK_PI | P, 0) == 0);
    __atomic_store_n(&w->ended, 1, __ATOMIC_RELEASE);
    return NULL;
}
static struct waiter start(int flags, struct timespec *until) { return (struct waiter){.flags = flags, .until = until}; }
#define START(w) MUST(pthread_create(&(w).thread, NULL, waits, &(w)) == 0)
static void join(const char *what, struct waiter *w) {
    pthread_join(w->thread, NULL);
    errno = w->err;
    show(what, w->rc);
    yes("owned", w->owned);
}
static void take(void) { MUST(op(&lock, FUTEX_LOCK_PI | P, 0) == 0); }
static void give(void) { MUST(op(&lock, FUTEX_UNLOCK_PI | P, 0) == 0); }
static struct timespec soon(clockid_t clock, int ms) {
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void refused(void) {
    struct timespec past = {1, 0}, bad = {0, 1000000000};
    show("wait: one word", wait_(&word, P, 0, NULL, &word));
    show("wait: another value", wait_(&word, P, 1, NULL, &lock));
    show("wait: not aligned", wait_((unsigned *)((char *)&word + 1), P, 0, NULL, &lock));
    show("wait: second not aligned", wait_(&word, P, 0, NULL, (unsigned *)((char *)&lock + 1)));
    show("wait: nowhere", wait_(NULL, P, 0, NULL, &lock));
    show("wait: second nowhere, shared", wait_(&word, 0, 0, NULL, NULL));
    show("wait: no such time", wait_(&word, P, 0, &bad, &lock));
    show("wait: too late", wait_(&word, P, 0, &past, &lock));
    show("wait: too late", wait_(&word, P | FUTEX_CLOCK_REALTIME, 0, &past, &lock));
    show("move: one word", move(&word, P, 1, 0, &word, 0));
    show("move: wakes none", move(&word, P, 0, 1, &lock, 0));
    show("move: wakes two", move(&word, P, 2, 1, &lock, 0));
    show("move: fewer than none", move(&word, P, 1, -1, &lock, 0));
    show("move: another value", move(&word, P, 1, 0, &lock, 1));
    show("move: nobody", move(&word, P, 1, INT_MAX, &lock, 0));
    show("move: by the clock", move(&word, P | FUTEX_CLOCK_REALTIME, 1, 0, &lock, 0));
    show("move: not aligned", move((unsigned *)((char *)&word + 2), P, 1, 0, &lock, 0));
    show("move: nowhere", move(NULL, P, 1, 0, &lock, 0));
    unsigned *fixed = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    show("move: to what cannot be written", move(&word, 0, 1, 0, fixed, 0));
    unsigned *twice = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(mremap(twice, 0, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)twice + 4096) != MAP_FAILED);
    show("wait: one word at two places", wait_(twice, 0, 0, NULL, twice + 1024));
    show("move: one word at two places", move(twice, 0, 1, 0, twice + 1024, 0));
    munmap(twice, 8192);
    munmap(fixed, 4096);
}

static void *waits_plainly(void *arg) {
    (void)arg;
    while (op(&word, FUTEX_WAIT | P, 0) != 0) {}
    return NULL;
}

static void others(void) {
    struct waiter w = start(0, NULL);
    START(w);
    await_waiter();
    show("wake one that is to be moved", op(&word, FUTEX_WAKE | P, 1));
    show("move it as if it were not", syscall(SYS_futex, &word, FUTEX_REQUEUE | P, 1, 1L, &elsewhere, 0));
    show("move it elsewhere", move(&word, P, 1, 0, &elsewhere, 0));
    lock = w.id;
    show("move to what it owns", move(&word, P, 1, 0, &lock, 0));
    lock = 0x3ffffffe;
    show("move to what nobody owns", move(&word, P, 1, 0, &lock, 0));
    lock = 0;
    show("move", move_one(&lock, 0));
    join("moved", &w);
    pthread_t t;
    MUST(pthread_create(&t, NULL, waits_plainly, NULL) == 0);
    long n;
    while ((n = move(&word, P, 1, 0, &lock, 0)) == 0) sched_yield();
    show("move one that is not to be moved", n);
    while (op(&word, FUTEX_WAKE | P, 1) != 1) sched_yield();
    pthread_join(t, NULL);
}

// It gets a futex that is free, and waits for one that is not.
static void moved(void) {
    struct waiter w = start(0, NULL);
    START(w);
    show("move to what is free", move_one(&lock, 0));
    join("moved", &w);
    say("%s", marks(lock, 0));
    w = start(0, NULL);
    lock = FUTEX_OWNER_DIED;
    START(w);
    show("move to what its owner left", move_one(&lock, 0));
    join("moved", &w);
    say("%s", marks(lock, 0));
    take();
    w = start(0, NULL);
    START(w);
    show("move to what is taken", move_one(&lock, 0));
    say("%s", marks(lock, tid()));
    yes("it waits", !__atomic_load_n(&w.ended, __ATOMIC_ACQUIRE));
    give();
    join("moved", &w);
    take();
    struct waiter all[4];
    long n = 0;
    for (int i = 0; i < 4; i++) all[i] = start(0, NULL);
    for (int i = 0; i < 4; i++) START(all[i]);
    for (long more; n < 4; n += more) {
        more = move(&word, P, 1, INT_MAX, &lock, 0);
        if (more == 0) sched_yield();
        else MUST(more > 0);
    }
    show("moved", n);
    give();
    for (int i = 0; i < 4; i++) join("moved", &all[i]);
}

static void times(void) {
    struct timespec t = soon(CLOCK_MONOTONIC, 2), r = soon(CLOCK_REALTIME, 2);
    show("too late soon", wait_(&word, P, 0, &t, &lock));
    show("too late soon", wait_(&word, P | FUTEX_CLOCK_REALTIME, 0, &r, &lock));
    take();
    for (int i = 0; i < 2; i++) {
        struct timespec until = soon(i ? CLOCK_REALTIME : CLOCK_MONOTONIC, 60);
        struct waiter w = start(i ? FUTEX_CLOCK_REALTIME : 0, &until);
        START(w);
        // Before or, most times, after it was moved.
        while (!__atomic_load_n(&w.ended, __ATOMIC_ACQUIRE) && move(&word, P, 1, 0, &lock, 0) == 0) sched_yield();
        join("too late for what is taken", &w);
    }
    give();
}

static volatile int handled, changes;
static void handler(int sig) {
    (void)sig, handled++;
    if (changes) __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
}
static void signals(int flags) {
    struct sigaction act = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGUSR1, &act, NULL);
    struct waiter w = start(0, NULL);
    handled = changes = 0;
    START(w);
    await_waiter();
    pthread_kill(w.thread, SIGUSR1);
    while (!handled) sched_yield();
    show("waits on after a handler", move_one(&lock, 0));
    join("moved", &w);
    w = start(0, NULL);
    handled = 0, changes = 1;
    START(w);
    await_waiter();
    pthread_kill(w.thread, SIGUSR1);
    join("not after a change", &w);
    word = 0, handled = changes = 0;
    take();
    w = start(0, NULL);
    START(w);
    MUST(move_one(&lock, 0) == 1);
    pthread_kill(w.thread, SIGUSR1);
    join("nor after the move", &w);
    show("handled", handled);
    give();
    say("%s", marks(lock, 0));
}

static volatile unsigned turn;
static void *dies(void *arg) {
    (void)arg;
    take();
    turn = 1;
    while (turn != 2) sched_yield();
    return NULL;
}
static void owner_ends(void) {
    pthread_t t;
    MUST(pthread_create(&t, NULL, dies, NULL) == 0);
    while (turn != 1) sched_yield();
    struct waiter w = start(0, NULL);
    START(w);
    show("move to what will be left", move_one(&lock, 0));
    turn = 2;
    join("moved", &w);
    pthread_join(t, NULL);
    say("%s", marks(lock, 0));
}

// Two processes that see the words at different places.
static void shared(void) {
    unsigned *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        unsigned *b = mremap(a, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        MUST(b != MAP_FAILED && b != a);
        show("wait", wait_(b, 0, 0, NULL, b + 1));
        say("%s", marks(b[1], tid()));
        show("unlock", op(b + 1, FUTEX_UNLOCK_PI, 0));
        _exit(0);
    }
    while (move(a, 0, 1, 0, a + 1, 0) == 0) sched_yield();
    reap("child", child);
    say("%s", marks(a[1], 0));
}

// A condition with a mutex, as a C library makes one of these.
enum { THREADS = 4, ROUNDS = 300 };
static unsigned mutex, cond;
static int tokens, done;
static void mutex_lock(void) {
    unsigned free_ = 0;
    if (!__atomic_compare_exchange_n(&mutex, &free_, tid(), 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) MUST(op(&mutex, FUTEX_LOCK_PI | P, 0) == 0);
}
static void mutex_unlock(void) {
    unsigned own = tid();
    if (!__atomic_compare_exchange_n(&mutex, &own, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) MUST(op(&mutex, FUTEX_UNLOCK_PI | P, 0) == 0);
}
static void *consumes(void *arg) {
    int *got = arg;
    mutex_lock();
    for (;;) {
        while (tokens == 0 && !done) {
            unsigned seen = __atomic_load_n(&cond, __ATOMIC_SEQ_CST);
            mutex_unlock();
            if (wait_(&cond, P, seen, NULL, &mutex) != 0) {
                MUST(errno == EAGAIN);
                mutex_lock();
            }
            MUST((int)(mutex & FUTEX_TID_MASK) == tid());
        }
        if (tokens == 0) break;
        tokens--, ++*got;
    }
    mutex_unlock();
    return NULL;
}
static void condition(void) {
    pthread_t all[THREADS];
    int got[THREADS] = {0}, sum = 0;
    for (int i = 0; i < THREADS; i++) MUST(pthread_create(&all[i], NULL, consumes, &got[i]) == 0);
    for (int i = 0; i <= ROUNDS; i++) {
        mutex_lock();
        if (i < ROUNDS) tokens++;
        else done = 1;
        unsigned now = __atomic_add_fetch(&cond, 1, __ATOMIC_SEQ_CST);
        MUST(move(&cond, P, 1, i % 8 && i < ROUNDS ? 0 : INT_MAX, &mutex, now) >= 0);
        mutex_unlock();
    }
    for (int i = 0; i < THREADS; i++) pthread_join(all[i], NULL), sum += got[i];
    say("sum %d, mutex %s", sum, marks(mutex, 0));
}

int main(void) {
    refused();
    others();
    moved();
    times();
    signals(0);
    signals(SA_RESTART);
    owner_ends();
    shared();
    condition();
    return 0;
}
