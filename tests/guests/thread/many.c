// Two hundred threads at once, each with its own TLS, stack and id.
#include "../guest.h"
#include <pthread.h>
#define N 200

static __thread long local = 5;
static pthread_barrier_t all;
static pid_t tid[N];
static void *worker(void *arg) {
    long i = (long)arg;
    tid[i] = gettid();
    local += i;
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    return (void *)local;
}

int main(void) {
    pthread_t t[N];
    pthread_attr_t at;
    pthread_attr_init(&at);
    pthread_attr_setstacksize(&at, 64 << 10);
    pthread_barrier_init(&all, NULL, N + 1);
    for (long i = 0; i < N; i++) MUST(pthread_create(&t[i], &at, worker, (void *)i) == 0);
    pthread_barrier_wait(&all);
    int same = 0;
    char path[64];
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++) same += tid[i] == tid[j];
        snprintf(path, sizeof path, "/proc/self/task/%d", tid[i]);
        same += access(path, F_OK) != 0;
    }
    say("ids shared or missing in /proc: %d", same);
    pthread_barrier_wait(&all);
    long sum = 0;
    for (int i = 0; i < N; i++) {
        void *r;
        pthread_join(t[i], &r);
        sum += (long)r;
    }
    say("sum %ld, ours %ld", sum, local);
}
