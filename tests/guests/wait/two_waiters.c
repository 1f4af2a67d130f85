// Two threads wait for any child; each child wakes exactly one of them, and the last wait says ECHILD.
#include "../guest.h"
#include <pthread.h>
#define N 40

static int sum, reaped, refused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *waiter(void *arg) {
    for (;;) {
        int st;
        pid_t pid = wait(&st);
        pthread_mutex_lock(&lock);
        if (pid > 0) reaped++, sum += WEXITSTATUS(st);
        if (pid == -1 && errno == ECHILD) refused++;
        pthread_mutex_unlock(&lock);
        if (pid == -1) return arg;
    }
}

int main(void) {
    gate_t go;
    gate_init(&go);
    for (int i = 0; i < N; i++)
        if (fork() == 0) {
            gate_wait(&go);
            _exit(i);
        }
    pthread_t t[2];
    for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, waiter, NULL);
    for (int i = 0; i < N; i++) gate_open(&go);
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    say("reaped %d, sum %d, ECHILD %d", reaped, sum, refused);
}
