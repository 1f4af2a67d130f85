// exit_group ends threads that spin, sleep, read, wait on a futex and wait for children.
#include "../guest.h"
#include <linux/futex.h>
#include <pthread.h>

static gate_t ready;
static int word, fd[2];
static void *busy(void *arg) {
    char c;
    gate_open(&ready);
    switch ((intptr_t)arg) {
    case 0: for (;;) __asm__ volatile("");
    case 1: sleep(100); break;
    case 2: if (read(fd[0], &c, 1)) break; break;
    case 3: syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0); break;
    case 4: for (;;) sched_yield();
    default: pause();
    }
    return arg;
}

int main(void) {
    gate_init(&ready);
    MUST(pipe(fd) == 0);
    for (int round = 0; round < 5; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t t;
            for (intptr_t i = 0; i < 6; i++) pthread_create(&t, NULL, busy, (void *)i);
            for (int i = 0; i < 6; i++) gate_wait(&ready);
            if (round == 4) raise(SIGKILL);
            _exit(round);
        }
        reap("process", pid);
    }
}
