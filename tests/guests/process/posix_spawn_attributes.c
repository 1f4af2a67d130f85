// posix_spawn attributes: process group, session, signal mask, signals back to default.
#include "../guest.h"
#include <spawn.h>

int main(int argc, char **argv) {
    if (argc > 1) {
        sigset_t mask;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        struct sigaction usr1, usr2;
        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGUSR2, NULL, &usr2);
        say("%s: leads group %d, leads session %d, HUP blocked %d, USR1 ignored %d, USR2 ignored %d", argv[1],
            getpgrp() == getpid(), getsid(0) == getpid(), sigismember(&mask, SIGHUP), usr1.sa_handler == SIG_IGN,
            usr2.sa_handler == SIG_IGN);
        return 0;
    }
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    static const short flags[] = {0, POSIX_SPAWN_SETPGROUP, POSIX_SPAWN_SETSID, POSIX_SPAWN_SETSIGMASK, POSIX_SPAWN_SETSIGDEF};
    static char *const names[] = {"nothing", "setpgroup", "setsid", "setsigmask", "setsigdef"};
    sigset_t mask, def;
    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigemptyset(&def);
    sigaddset(&def, SIGUSR1);
    for (int i = 0; i < 5; i++) {
        posix_spawnattr_t at;
        posix_spawnattr_init(&at);
        posix_spawnattr_setflags(&at, flags[i]);
        posix_spawnattr_setpgroup(&at, 0);
        posix_spawnattr_setsigmask(&at, &mask);
        posix_spawnattr_setsigdefault(&at, &def);
        char *args[] = {"spawned", names[i], NULL};
        pid_t pid;
        int err = posix_spawn(&pid, "/proc/self/exe", NULL, &at, args, environ);
        if (err == 0) reap("child", pid);
        show_err("posix_spawn", err);
    }
}
