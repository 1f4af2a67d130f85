// vfork: the parent sees the child's stores, and runs on only after the child has gone.
#include "../guest.h"

int main(void) {
    static volatile int steps;
    volatile int local = 1;
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0) {
        steps = (getppid() == parent) + 10 * (getpid() != parent);
        local = 7;
        _exit(3);
    }
    say("steps %d, local %d", steps, local);
    reap("vfork child", pid);

    // File descriptors are a copy all the same.
    int fd = open("/dev/null", O_RDONLY);
    if ((pid = vfork()) == 0) {
        close(fd);
        _exit(0);
    }
    show("descriptor after the child closed its copy", fcntl(fd, F_GETFD));
    reap("second", pid);
}
