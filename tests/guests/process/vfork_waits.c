// The parent of a vfork is held until the child execs; a pipe shows the order. Other threads run on.
#include "../guest.h"
#include <pthread.h>

static volatile int ticks, stop;
static void *ticker(void *arg) {
    while (!stop) ticks++, sched_yield();
    return arg;
}

int main(int argc, char **argv) {
    if (argc > 1) return 4;
    (void)argv;
    pthread_t t;
    pthread_create(&t, NULL, ticker, NULL);
    volatile int child_ran = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        int before = ticks;
        struct timespec nap = {0, 2000000};
        for (int i = 0; i < 200 && ticks == before; i++) nanosleep(&nap, NULL);
        child_ran = ticks != before ? 1 : 2;
        execl("/proc/self/exe", "x", "image", (char *)NULL);
        _exit(99);
    }
    say("child had run when the parent went on: %d", child_ran);
    stop = 1;
    pthread_join(t, NULL);
    reap("child", pid);
}
