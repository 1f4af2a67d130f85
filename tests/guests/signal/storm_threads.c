// Four threads send 500 real-time signals each to a fifth, which counts all of them.
#include "../guest.h"
#include <pthread.h>

static volatile int got;
static volatile long sum;
static volatile int stop;
static pthread_t target;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    sum += si->si_value.sival_int;
    got++;
}
static void *sender(void *arg) {
    for (int i = 0; i < 500; i++)
        while (pthread_sigqueue(target, SIGRTMIN, (union sigval){.sival_int = i}) != 0) sched_yield();
    return arg;
}
static void *receiver(void *arg) {
    while (!stop) sched_yield();
    return arg;
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &sa, NULL);
    pthread_t t[4];
    pthread_create(&target, NULL, receiver, NULL);
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, sender, NULL);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (long end = now_ms() + 5000; got < 2000 && now_ms() < end;) sched_yield();
    stop = 1;
    pthread_join(target, NULL);
    say("got %d, sum %ld", got, sum);
}
