// exit of one thread against exit_group: raw exit by the main thread, exit by another, the process's status.
#include "../guest.h"
#include <pthread.h>

static int how;
static pid_t main_tid;
static void *other(void *arg) {
    if (how == 0) syscall(SYS_exit, 3); // only this thread
    if (how == 1) exit(4);
    if (how == 2) syscall(SYS_exit_group, 5);
    if (how == 3) { // the main thread has gone; the process lives until we go, and our status is the process's
        char path[32];
        snprintf(path, sizeof path, "%d", main_tid);
        for (int i = 0; i < 1000 && proc_state(path) != 'Z'; i++) sleep_ms(1);
        say("main thread's state %c", proc_state(path));
        syscall(SYS_exit, 6);
    }
    if (how == 4) pthread_exit(NULL);
    if (how == 5) raise(SIGTERM);
    return arg;
}

int main(void) {
    static const char *const names[] = {"thread exit", "exit in a thread", "exit_group in a thread", "main goes first", "pthread_exit", "signal in a thread"};
    for (how = 0; how < 6; how++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t t;
            main_tid = getpid();
            pthread_create(&t, NULL, other, NULL);
            if (how == 3) syscall(SYS_exit, 9);
            if (how == 4) pthread_exit(NULL);
            pthread_join(t, NULL);
            _exit(8);
        }
        reap(names[how], pid);
    }
}
