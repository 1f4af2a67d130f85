// A vfork child that dies of a signal also lets its parent go on.
#include "../guest.h"

int main(void) {
    volatile int stage = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        stage = 1;
        kill(getpid(), SIGKILL);
        stage = 2;
        _exit(0);
    }
    say("stage %d", stage);
    reap("killed child", pid);

    pid = vfork();
    if (pid == 0) {
        stage = 3;
        *(volatile int *)8 = 1;
        _exit(0);
    }
    say("stage %d", stage);
    reap("faulting child", pid);
}
