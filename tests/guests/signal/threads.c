// Signals and threads: pthread_kill reaches one thread; a process signal goes to a thread that has it unblocked; masks are per thread.
#include "../guest.h"
#include <pthread.h>

static __thread int mine;
static volatile sig_atomic_t hits;
static volatile pid_t where;
static void handler(int sig) {
    (void)sig;
    mine++;
    where = gettid();
    hits++;
}
static gate_t ready, go;
static volatile pid_t tid;
static void *worker(void *arg) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(arg ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
    tid = gettid();
    gate_open(&ready);
    gate_wait(&go);
    sigpending(&set);
    say("thread handled %d, pending for it %d", mine, sigismember(&set, SIGUSR1));
    return NULL;
}

int main(void) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    gate_init(&ready);
    gate_init(&go);
    pthread_t t;
    sigset_t set;
    pthread_create(&t, NULL, worker, &set);
    gate_wait(&ready);
    pthread_kill(t, SIGUSR1);
    while (!hits) sched_yield();
    say("pthread_kill ran in the thread %d", where == tid);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    while (hits < 2) sched_yield();
    say("a process signal went to the thread that takes it %d", where == tid);
    gate_open(&go);
    pthread_join(t, NULL);
    // blocked in every thread: it pends for the process, and whoever unblocks it gets it
    pthread_create(&t, NULL, worker, NULL);
    gate_wait(&ready);
    pthread_kill(t, SIGUSR1); // for that thread only
    sigset_t pend;
    sigpending(&pend);
    say("pending for us %d", sigismember(&pend, SIGUSR1));
    gate_open(&go);
    pthread_join(t, NULL);
    kill(getpid(), SIGUSR1);
    int before = hits;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    say("delivered on unblocking %d, here %d", hits - before, where == getpid());
}
