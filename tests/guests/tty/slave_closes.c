// When nobody has the slave open any more the master reads what is left, then EIO, and poll says HUP; opening it again heals.
#include "pty.h"

int main(void) {
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    MUST(unlockpt(m) == 0);
    char name[64], c[16];
    ptsname_r(m, name, sizeof name);
    fcntl(m, F_SETFL, O_NONBLOCK);
    events("never opened", m);
    show("read", read(m, c, 16));
    int s = open(name, O_RDWR | O_NOCTTY);
    events("opened", m);
    show("read", read(m, c, 16));
    int s2 = dup(s);
    type(s, "left over");
    close(s);
    events("a copy is open", m);
    close(s2);
    events("closed", m);
    hear("rest", m);
    events("drained", m);
    show("read", read(m, c, 16));
    s = open(name, O_RDWR | O_NOCTTY);
    events("again", m);
    show("read", read(m, c, 16));
    fcntl(m, F_SETFL, 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(s);
        show("blocked read", read(m, c, 16));
        _exit(0);
    }
    settle(pid);
    close(s);
    reap("reader", pid);
    s = open(name, O_RDWR | O_NOCTTY);
    local_flags(s, 0, ECHO);
    type(m, "kept\n");
    sleep_ms(20);
    close(s);
    s = open(name, O_RDWR | O_NOCTTY);
    struct termios t;
    tcgetattr(s, &t);
    say("attributes kept: %d", !(t.c_lflag & ECHO));
    hear("input kept", s);
}
