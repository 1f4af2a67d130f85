// Any thread may wait for a child of the process, except with __WNOTHREAD, which asks for one's own.
#include "../guest.h"
#include <pthread.h>

static pid_t made;
static gate_t created, finish;
static void *maker(void *arg) {
    made = fork();
    if (made == 0) _exit(61);
    gate_open(&created);
    gate_wait(&finish);
    return arg;
}

int main(void) {
    pthread_t t;
    gate_init(&created);
    gate_init(&finish);
    pthread_create(&t, NULL, maker, NULL);
    gate_wait(&created);
    show("__WNOTHREAD", waitpid(made, NULL, __WNOTHREAD));
    reap("from the main thread", made);
    gate_open(&finish);
    pthread_join(t, NULL);

    // the child of a thread that has ended belongs to the process
    pthread_create(&t, NULL, maker, NULL);
    gate_wait(&created);
    gate_open(&finish);
    pthread_join(t, NULL);
    reap("after its creator has ended", made);
}
