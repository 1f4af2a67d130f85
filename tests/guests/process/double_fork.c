// The classic daemon start: two forks and a setsid between; the grandchild leads neither session nor group.
#include "../guest.h"

int main(void) {
    gate_t go, done;
    gate_init(&go);
    gate_init(&done);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t sid = setsid();
        if (fork() > 0) _exit(0);
        gate_wait(&go);
        yes("session kept", getsid(0) == sid);
        yes("not its leader", getsid(0) != getpid());
        yes("group kept", getpgrp() == sid);
        show("chdir", chdir("/"));
        int fd = open("/dev/tty", O_RDWR);
        yes("no controlling terminal", fd == -1 && errno == ENXIO);
        gate_open(&done);
        _exit(0);
    }
    reap("first", pid);
    gate_open(&go);
    gate_wait(&done);
}
