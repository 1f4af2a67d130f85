// A handler is returned from so often that the place is worth a patch; unwinders find the way through its frame before and after.
#include "../guest.h"
#include <execinfo.h>
#include <pthread.h>
#include <ucontext.h>

static volatile int count, look, depth, seen_from, seen_main;
static char *volatile interrupted;

int main(void);

static void handler(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    count++;
    ucontext_t *uc = context;
    interrupted = (char *)uc->uc_mcontext.gregs[REG_RIP];
    if (!look) return;
    void *frames[64];
    depth = backtrace(frames, 64);
    for (int i = 0; i < depth; i++) {
        char *at = frames[i];
        if (at == interrupted) seen_from = 1;
        if (at > (char *)main && at < (char *)main + 4096) seen_main = 1;
    }
}

static void unwind(const char *when) {
    look = 1, seen_from = 0, seen_main = 0;
    raise(SIGUSR1);
    look = 0;
    say("%s: the interrupted place %d, main %d", when, seen_from, seen_main);
}

static volatile int tidied;
static void tidy(void *arg) { tidied += *(int *)arg; }

// Cancelled while it computes: the signal's handler unwinds its own frame and what lies below it.
static void *cancelled(void *arg) {
    int mine = 5;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cleanup_push(tidy, &mine);
    *(volatile int *)arg = 1;
    for (;;) count++;
    pthread_cleanup_pop(0);
    return NULL;
}

int main(void) {
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    MUST(sigaction(SIGUSR1, &act, NULL) == 0);
    void *one[1];
    backtrace(one, 1); // loads what it needs
    unwind("at first");
    for (int i = 0; i < 2000; i++) raise(SIGUSR1);
    say("handled %d", count);
    unwind("after many");
    for (int i = 0; i < 3; i++) {
        volatile int begun = 0;
        pthread_t t;
        MUST(pthread_create(&t, NULL, cancelled, (void *)&begun) == 0);
        while (!begun) sched_yield();
        MUST(pthread_cancel(t) == 0);
        void *result;
        MUST(pthread_join(t, &result) == 0);
        say("cancelled %d, tidied up %d", result == PTHREAD_CANCELED, tidied);
    }
    return 0;
}
