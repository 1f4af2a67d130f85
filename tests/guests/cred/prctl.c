// prctl: names, dumpable, no_new_privs, timer slack, unknown options; what a fork and a thread inherit.
#include "../guest.h"
#include <sys/prctl.h>

int main(void) {
    char b[17] = {0};
    show("set name", prctl(PR_SET_NAME, "a name that is much too long"));
    show("get name", prctl(PR_GET_NAME, b));
    say("%s", b);
    int fd = open("/proc/self/comm", O_RDWR);
    memset(b, 0, sizeof b);
    show("comm", read(fd, b, 17));
    say("%.15s", b);
    show("write comm", write(fd, "other", 5));
    prctl(PR_GET_NAME, b);
    say("%s", b);
    show("bad name pointer", prctl(PR_SET_NAME, 8));
    show("dumpable", prctl(PR_GET_DUMPABLE));
    show("set dumpable 0", prctl(PR_SET_DUMPABLE, 0));
    show("dumpable", prctl(PR_GET_DUMPABLE));
    show("set dumpable 3", prctl(PR_SET_DUMPABLE, 3));
    show("set dumpable 1", prctl(PR_SET_DUMPABLE, 1));
    show("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show("clear it", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show("set it", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    show("stray argument", prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_GET_NAME, b);
        say("child: %s, no_new_privs %d", b, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        _exit(0);
    }
    reap("child", pid);
    show("timer slack", prctl(PR_SET_TIMERSLACK, 1234));
    show("timer slack", prctl(PR_GET_TIMERSLACK));
    show("unknown", prctl(99999));
}
