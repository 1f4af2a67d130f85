// getpriority and setpriority: ranges, who, errors, inheritance; nice.
#include "../guest.h"

static int prio(int which, int who) {
    errno = 0;
    int r = getpriority(which, who);
    return errno ? -100 : r;
}

int main(void) {
    int start = prio(PRIO_PROCESS, 0);
    yes("self by id", prio(PRIO_PROCESS, getpid()) == start);
    show("set +3", setpriority(PRIO_PROCESS, 0, start + 3));
    say("difference %d", prio(PRIO_PROCESS, 0) - start);
    show("set 100", setpriority(PRIO_PROCESS, 0, 100));
    say("clamped to %d", prio(PRIO_PROCESS, 0));
    say("group %d", prio(PRIO_PGRP, 0) <= 19);
    pid_t pid = fork();
    if (pid == 0) _exit(prio(PRIO_PROCESS, 0));
    reap("child's", pid);
    show("unknown kind", setpriority(7, 0, 0));
    errno = 0;
    show("unknown kind", getpriority(7, 0));
    show("nobody", setpriority(PRIO_PROCESS, 0x3fffff, 0));
    errno = 0;
    show("nobody", getpriority(PRIO_PROCESS, 0x3fffff));
    say("raw value %ld", syscall(SYS_getpriority, PRIO_PROCESS, 0));
}
