// The relations between getpid, getppid, gettid and their raw calls over a fork.
#include "../guest.h"

int main(void) {
    pid_t me = getpid();
    CHECK(me > 0 && me == gettid());
    CHECK(syscall(SYS_getpid) == me && syscall(SYS_gettid) == me);
    CHECK(getppid() != me);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(getpid() != me && getpid() == gettid());
        CHECK(syscall(SYS_getpid) == getpid());
        CHECK(getppid() == me);
        CHECK(getpgrp() == getpgid(me));
        int *slot = malloc(sizeof *slot);
        CHECK(slot != NULL);
        _exit(getpid() == gettid() ? 0 : 1);
    }
    reap("child", pid);
    CHECK(pid > 0 && pid != me);
    CHECK(getpid() == me);
}
