// What belongs to a thread and what to the process: mask, altstack, name, nice, cwd, umask, descriptors.
#include "../guest.h"
#include <pthread.h>
#include <sys/prctl.h>

static void *other(void *arg) {
    static char stack[16384];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigaltstack(&ss, NULL);
    prctl(PR_SET_NAME, "another name");
    umask(0026);
    MUST(mkdir("d", 0700) == 0 && chdir("d") == 0);
    dup2(1, 90);
    signal(SIGUSR1, SIG_IGN);
    return arg;
}

int main(void) {
    pthread_t t;
    prctl(PR_SET_NAME, "first name");
    pthread_create(&t, NULL, other, NULL);
    pthread_join(t, NULL);
    sigset_t set;
    stack_t ss;
    char name[17] = {0}, cwd[300];
    struct sigaction sa;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    sigaltstack(NULL, &ss);
    prctl(PR_GET_NAME, name);
    sigaction(SIGUSR1, NULL, &sa);
    MUST(getcwd(cwd, sizeof cwd));
    say("mask empty %d, altstack off %d, name %s", sigisemptyset(&set), ss.ss_flags == SS_DISABLE, name);
    say("umask %03o, cwd ends in %s, descriptor %d, USR1 ignored %d", umask(0), strrchr(cwd, '/'), fcntl(90, F_GETFD), sa.sa_handler == SIG_IGN);
}
