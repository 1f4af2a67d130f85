// VINTR, VQUIT and VSUSP signal the foreground group and throw away what was typed, unless NOFLSH or not ISIG.
#include "pty.h"

static gate_t told;
static void handler(int sig) { write(told.fd[1], &(char){sig}, 1); }

static void got(const char *what) {
    char c;
    struct pollfd p = {told.fd[0], POLLIN, 0};
    int n = 0;
    while (poll(&p, 1, n ? 10 : 60) == 1 && read(told.fd[0], &c, 1) == 1) {
        say("%s: %s", what, signame(c));
        n++;
    }
    if (n == 0) say("%s: no signal", what);
}

int main(void) {
    int s, m = pty(&s);
    gate_init(&told);
    pid_t pid = fork();
    if (pid) {
        reap("leader", pid);
        return 0;
    }
    own_terminal(s);
    int sigs[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH};
    for (int i = 0; i < 4; i++) signal(sigs[i], handler);
    type(m, "abc\003def\n");
    got("intr");
    hear("line", s);
    hear("echo", m);
    type(m, "\034");
    got("quit");
    type(m, "\032");
    got("susp");
    hear("echo", m);
    local_flags(s, NOFLSH, 0);
    type(m, "abc\003def\n");
    got("intr, NOFLSH");
    hear("line", s);
    hear("echo", m);
    type(m, "x\026\003y\n");
    got("literal");
    hear("line", s);
    local_flags(s, 0, ISIG);
    type(m, "a\003b\n");
    got("no ISIG");
    hear("line", s);
    struct winsize w = {24, 80, 0, 0}, v = {0};
    show("TIOCSWINSZ", ioctl(m, TIOCSWINSZ, &w));
    got("size set");
    show("TIOCSWINSZ", ioctl(s, TIOCSWINSZ, &w));
    got("the same size");
    w.ws_row = 25;
    ioctl(s, TIOCSWINSZ, &w);
    got("another");
    ioctl(m, TIOCGWINSZ, &v);
    say("%d x %d", v.ws_row, v.ws_col);
    show("TIOCSIG", ioctl(m, TIOCSIG, SIGINT));
    got("TIOCSIG");
    show("TIOCSIG 0", ioctl(m, TIOCSIG, 0));
    _exit(0);
}
