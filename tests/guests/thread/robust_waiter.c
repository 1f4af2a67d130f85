// A process that already waits for a robust mutex is woken when the owner is killed.
#include "../guest.h"
#include <pthread.h>

int main(void) {
    pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t at;
    pthread_mutexattr_init(&at);
    pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
    for (int round = 0; round < 10; round++) {
        pthread_mutex_init(m, &at);
        gate_t locked;
        gate_init(&locked);
        pid_t owner = fork();
        if (owner == 0) {
            pthread_mutex_lock(m);
            gate_open(&locked);
            for (;;) pause();
        }
        gate_wait(&locked);
        pid_t waiter = fork();
        if (waiter == 0) {
            int rc = pthread_mutex_lock(m);
            _exit(rc == EOWNERDEAD ? 40 : rc);
        }
        settle(waiter);
        kill(owner, SIGKILL);
        int a = 0, b = 0;
        waitpid(owner, &a, 0);
        waitpid(waiter, &b, 0);
        if (round == 0 || WEXITSTATUS(b) != 40) {
            show_status("owner", a);
            show_status("waiter", b);
        }
    }
}
