// Four processes that vfork and exec, beside four threads of another that posix_spawn: each child ends with its own status.
#include "../guest.h"
#include <pthread.h>
#include <spawn.h>

enum { LOOPS = 4, ROUNDS = 25 };
extern char **environ;

static int ended_with(pid_t pid, int code) {
    int st;
    return pid > 0 && waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == code;
}

static int vforks(int loop) {
    int good = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char code[8];
        snprintf(code, sizeof code, "%d", 10 * loop + i % 10);
        pid_t pid = vfork();
        if (pid == 0) {
            execl("/proc/self/exe", "image", code, (char *)NULL);
            _exit(99);
        }
        good += ended_with(pid, 10 * loop + i % 10);
    }
    return good;
}

static void *spawns(void *arg) {
    long good = 0, loop = (long)arg;
    for (int i = 0; i < ROUNDS; i++) {
        char code[8];
        snprintf(code, sizeof code, "%ld", 10 * loop + i % 10);
        char *argv[] = {"image", code, NULL};
        pid_t pid;
        if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ)) continue;
        good += ended_with(pid, (int)(10 * loop + i % 10));
    }
    return (void *)good;
}

int main(int argc, char **argv) {
    if (argc > 1) return atoi(argv[1]);
    pid_t workers[LOOPS];
    for (int i = 0; i < LOOPS; i++) {
        MUST((workers[i] = fork()) >= 0);
        if (workers[i] == 0) _exit(vforks(i + 1));
    }
    pthread_t threads[LOOPS];
    for (long i = 0; i < LOOPS; i++) MUST(!pthread_create(&threads[i], NULL, spawns, (void *)(i + 5)));
    for (int i = 0; i < LOOPS; i++) {
        void *good;
        pthread_join(threads[i], &good);
        say("thread %d: %ld children", i, (long)good);
    }
    for (int i = 0; i < LOOPS; i++) reap("process with as many children", workers[i]);
}
