// Bytes that wait for more come before those that are sent after them, also when their time is over in the same moment.
#include "inet.h"
#include <pthread.h>
#include <time.h>

enum { THREADS = 3, SECONDS = 1 };

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// As a server answers: a head that waits for the body, again and again, for longer than a head may wait.
static void *answer(void *wrong) {
    int s[2];
    tcp(s);
    for (long long end = now() + SECONDS * 1000000000LL; now() < end;) {
        char buf[8];
        MUST(send(s[0], "head", 4, MSG_MORE) == 4);
        MUST(send(s[0], "body", 4, 0) == 4);
        MUST(recv(s[1], buf, sizeof buf, MSG_WAITALL) == sizeof buf);
        *(int *)wrong += memcmp(buf, "headbody", sizeof buf) != 0;
    }
    return NULL;
}

int main(void) {
    pthread_t t[THREADS];
    int wrong[THREADS] = {0}, all = 0;
    for (int i = 0; i < THREADS; i++)
        MUST(pthread_create(&t[i], NULL, answer, &wrong[i]) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        all += wrong[i];
    }
    show("out of order", all);
}
