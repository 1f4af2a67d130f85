// exec by the main thread while others run in loops and sit in blocking calls.
#include "../guest.h"
#include <pthread.h>

static int fd[2];
static volatile unsigned long spins;
static void *spin(void *arg) {
    for (;;) spins++;
    return arg;
}
static void *block(void *arg) {
    char c;
    return read(fd[0], &c, 1) == 1 ? arg : NULL;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        int left = atoi(argv[1]);
        if (left == 0) return 21;
        char next[16];
        snprintf(next, sizeof next, "%d", left - 1);
        pthread_t t;
        MUST(pipe2(fd, O_CLOEXEC) == 0);
        pthread_create(&t, NULL, spin, NULL);
        pthread_create(&t, NULL, block, NULL);
        while (!spins) sched_yield();
        execl("/proc/self/exe", "x", next, (char *)NULL);
        return 99;
    }
    (void)argv;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "x", "10", (char *)NULL);
        _exit(98);
    }
    reap("after ten rounds", pid);
}
