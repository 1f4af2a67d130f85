// exec from a thread that is not the main one: the other threads end, and the pid is the process's.
#include "../guest.h"
#include <pthread.h>

static char before[16];
static void *idle(void *arg) {
    for (;;) pause();
    return arg;
}
static void *executor(void *arg) {
    if (gettid() == getpid()) say("not a thread?");
    execl("/proc/self/exe", "x", before, (char *)NULL);
    return arg;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        int tasks = 0;
        yes("pid kept", getpid() == atoi(argv[1]));
        yes("we are the main thread", gettid() == getpid());
        char path[64];
        for (int i = 0; i < 5000; i++) { // other threads' ids are gone from the process
            snprintf(path, sizeof path, "/proc/self/task/%d", getpid() + i);
            tasks += access(path, F_OK) == 0;
        }
        say("threads %d", tasks);
        return 8;
    }
    pid_t pid = fork();
    if (pid == 0) {
        snprintf(before, sizeof before, "%d", getpid());
        pthread_t t;
        for (int i = 0; i < 5; i++) pthread_create(&t, NULL, idle, NULL);
        pthread_create(&t, NULL, executor, NULL);
        for (;;) pause();
    }
    reap("process", pid);
}
