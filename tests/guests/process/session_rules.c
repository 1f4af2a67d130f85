// setsid makes a session, a group and no way back; a group leader may not; getsid works across sessions.
#include "../guest.h"

int main(void) {
    gate_t ready, go;
    gate_init(&ready);
    gate_init(&go);
    pid_t pid = fork();
    if (pid == 0) {
        yes("session is the parent's", getsid(0) == getsid(getppid()));
        yes("setsid returns our pid", setsid() == getpid());
        yes("we lead the session", getsid(0) == getpid());
        yes("we lead the group", getpgrp() == getpid());
        show("setsid again", setsid());
        show("a session leader cannot setpgid", setpgid(0, 0));
        show("nor join the parent's group", setpgid(0, getpgid(getppid())));
        pid_t inner = fork();
        if (inner == 0) {
            yes("child of the leader is in its session", getsid(0) == getppid());
            yes("and in its group", getpgrp() == getppid());
            yes("it may make its own session", setsid() == getpid());
            _exit(0);
        }
        reap("inner", inner);
        gate_open(&ready);
        gate_wait(&go);
        _exit(0);
    }
    gate_wait(&ready);
    yes("getsid of the child from outside", getsid(pid) == pid);
    show("setpgid of a child in another session", setpgid(pid, getpgrp()));
    show("getsid(no such process)", getsid(0x3fffff));
    show("getsid(negative)", getsid(-1));
    gate_open(&go);
    reap("child", pid);
}
