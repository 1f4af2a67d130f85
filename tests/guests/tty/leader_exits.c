// When a session's leader ends, the foreground group gets SIGHUP, and the terminal is nobody's.
#include "pty.h"

static int out[2];
static void handler(int sig) {
    char c = sig;
    write(out[1], &c, 1);
}

int main(void) {
    int s, m = pty(&s);
    char name[64];
    ptsname_r(m, name, sizeof name);
    MUST(pipe(out) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        own_terminal(s);
        if (fork() == 0) {
            signal(SIGHUP, handler);
            signal(SIGCONT, handler);
            setpgid(0, 0);
            signal(SIGTTOU, SIG_IGN);
            MUST(tcsetpgrp(s, getpid()) == 0);
            write(out[1], "f", 1);
            sleep_ms(150);
            show("foreground: tcgetpgrp", tcgetpgrp(s));
            show_ok("foreground: /dev/tty", open("/dev/tty", O_RDWR));
            write(out[1], "e", 1);
            _exit(0);
        }
        char c;
        MUST(read(out[0], &c, 1) == 1 && c == 'f');
        _exit(3);
    }
    reap("leader", pid);
    char c;
    while (read(out[0], &c, 1) == 1 && c != 'e') say("foreground got %s", signame(c));
    pid = fork();
    if (pid == 0) {
        setsid();
        show_ok("taken by the next", open(name, O_RDWR));
        CHECK(tcgetsid(s) == getpid());
        _exit(0);
    }
    reap("next", pid);
}
