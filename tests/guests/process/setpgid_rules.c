// setpgid and getpgid: who may move whom where, and the errors.
#include "../guest.h"

int main(void) {
    gate_t go;
    gate_init(&go);
    pid_t pid = fork();
    if (pid == 0) {
        gate_wait(&go);
        _exit(0);
    }
    yes("child starts in our group", getpgid(pid) == getpgrp());
    show("setpgid(child, child)", setpgid(pid, pid));
    yes("child leads a group", getpgid(pid) == pid);
    show("setpgid(child, negative)", setpgid(pid, -1));
    show("setpgid(negative, 0)", setpgid(-1, 0));
    show("setpgid(no such process)", setpgid(0x3fffff, 0));
    show("getpgid(no such process)", getpgid(0x3fffff));
    show("getpgid(negative)", getpgid(-5));
    show("setpgid to a group that does not exist", setpgid(pid, 0x3fffff));
    show("setpgid(parent of us)", setpgid(getppid(), 0));
    show("back to our group", setpgid(pid, getpgrp()));
    yes("it is in our group", getpgid(pid) == getpgrp());
    yes("getpgid(0) is getpgrp", getpgid(0) == getpgrp());

    pid_t second = fork();
    if (second == 0) {
        show("setpgid(0, 0)", setpgid(0, 0));
        yes("own group", getpgrp() == getpid());
        show("again", setpgid(0, 0));
        _exit(0);
    }
    reap("second", second);
    gate_open(&go);
    reap("first", pid);
    show("setpgid(reaped child)", setpgid(pid, pid));
}
