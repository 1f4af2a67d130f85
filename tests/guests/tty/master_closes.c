// Closing the master hangs up: reads end, writes fail, poll says HUP, the session's leader gets SIGHUP and SIGCONT.
#include "pty.h"

static int out[2];
static void handler(int sig) { write(out[1], &(char){sig}, 1); }

int main(void) {
    int s, m = pty(&s);
    char c[8], name[64];
    ptsname_r(m, name, sizeof name);
    events("slave, open", s);
    close(m);
    events("slave, hung up", s);
    show("read", read(s, c, 8));
    show("write", write(s, "x", 1));
    struct termios t;
    struct winsize w;
    int n;
    show("tcgetattr", tcgetattr(s, &t));
    show("TIOCGWINSZ", ioctl(s, TIOCGWINSZ, &w));
    show("FIONREAD", ioctl(s, FIONREAD, &n));
    show("isatty", isatty(s));
    show_ok("open again", open(name, O_RDWR | O_NOCTTY));
    close(s);
    m = pty(&s);
    MUST(pipe(out) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(m);
        own_terminal(s);
        signal(SIGHUP, handler);
        signal(SIGCONT, handler);
        write(out[1], "r", 1);
        sigset_t both, old;
        sigemptyset(&both);
        sigaddset(&both, SIGHUP);
        sigaddset(&both, SIGCONT);
        sigprocmask(SIG_BLOCK, &both, &old);
        show("blocked read", read(s, c, 8));
        show("read after", read(s, c, 8));
        // Linux wakes the reader before it sends them.
        sigset_t pend;
        for (int i = 0; i < 5000; i++) {
            sigpending(&pend);
            if (sigismember(&pend, SIGHUP) && sigismember(&pend, SIGCONT)) break;
            sleep_ms(1);
        }
        say("pending: HUP %d, CONT %d", sigismember(&pend, SIGHUP), sigismember(&pend, SIGCONT));
        show_ok("/dev/tty", open("/dev/tty", O_RDWR));
        show("tcgetpgrp", tcgetpgrp(s));
        _exit(0);
    }
    close(s);
    MUST(read(out[0], c, 1) == 1);
    settle(pid);
    sleep_ms(20);
    close(m);
    reap("leader", pid);
}
