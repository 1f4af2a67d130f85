// Rows of making processes and threads.
#include "micro.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static void reap(pid_t child, const char *step) {
    int status;
    must(waitpid(child, &status, 0), step);
    if (status) {
        errno = ECHILD;
        die(step);
    }
}

static void fork_run(long n) {
    while (n--) {
        pid_t child = (pid_t)must(fork(), "fork");
        if (!child) _exit(0);
        reap(child, "fork");
    }
}

static void vfork_run(long n) {
    char *argv[] = {(char *)tiny_program, NULL};
    while (n--) {
        pid_t child = vfork();
        if (!child) {
            execve(tiny_program, argv, environ);
            _exit(127);
        }
        reap((pid_t)must(child, "vfork"), "vfork");
    }
}

static void spawn_run(long n) {
    char *argv[] = {(char *)tiny_program, NULL};
    while (n--) {
        pid_t child;
        errno = posix_spawn(&child, tiny_program, NULL, NULL, argv, environ);
        if (errno) die("posix_spawn");
        reap(child, "posix_spawn");
    }
}

static void *nothing(void *arg) {
    return arg;
}
static void thread_run(long n) {
    while (n--) {
        pthread_t thread;
        errno = pthread_create(&thread, NULL, nothing, NULL);
        if (errno) die("pthread_create");
        pthread_join(thread, NULL);
    }
}

const struct row process_rows[] = {
    {"fork_wait", NULL, fork_run, NULL},
    {"vfork_exec", NULL, vfork_run, NULL},
    {"spawn_exec", NULL, spawn_run, NULL},
    {"thread_create", NULL, thread_run, NULL},
    {0},
};
