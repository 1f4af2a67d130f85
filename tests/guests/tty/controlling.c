// A session leader's first terminal becomes its controlling one, by opening it or with TIOCSCTTY; /dev/tty opens it.
#include "pty.h"

static int tty_nr(int *pgid) {
    char buf[512];
    int fd = open("/proc/self/stat", O_RDONLY);
    buf[read(fd, buf, 511)] = 0;
    close(fd);
    int tty, fg;
    sscanf(strrchr(buf, ')') + 2, "%*c %*d %*d %*d %d %d", &tty, &fg);
    *pgid = fg;
    return tty;
}

int main(void) {
    int s, m = pty(&s), fg;
    char name[64];
    ptsname_r(m, name, sizeof name);
    pid_t pid = fork();
    if (pid == 0) {
        MUST(setsid() > 0);
        show_ok("no terminal: /dev/tty", open("/dev/tty", O_RDWR));
        show("no terminal: tty_nr", tty_nr(&fg));
        show("no terminal: tpgid", fg);
        show("tcgetpgrp", tcgetpgrp(s));
        show("tcgetsid", tcgetsid(s));
        show("tcsetpgrp", tcsetpgrp(s, getpid()));
        close(open(name, O_RDWR | O_NOCTTY));
        show("O_NOCTTY: tcgetpgrp", tcgetpgrp(s));
        close(open(name, O_WRONLY));
        show("O_WRONLY: tcgetpgrp", tcgetpgrp(s));
        int again = open(name, O_RDWR);
        CHECK(tcgetpgrp(again) == getpid());
        CHECK(tcgetsid(s) == getpid());
        struct stat st;
        fstat(s, &st);
        CHECK(tty_nr(&fg) == (int)st.st_rdev && fg == getpid());
        int t = open("/dev/tty", O_RDWR);
        show_ok("/dev/tty", t);
        CHECK(tcgetpgrp(t) == getpid());
        type(t, "by name\n");
        hear("master", m);
        int other, m2 = pty(&other);
        show("a second one", ioctl(other, TIOCSCTTY, 0));
        show("the same again", ioctl(s, TIOCSCTTY, 0));
        show("tcgetpgrp of the second", tcgetpgrp(other));
        int got = -1;
        show("TIOCGPGRP at the master", ioctl(m, TIOCGPGRP, &got));
        CHECK(got == getpid());
        show("TIOCGPGRP at the second's master", ioctl(m2, TIOCGPGRP, &got));
        say("%d", got);
        show("tcsetpgrp, no such group", tcsetpgrp(s, 1 << 22));
        show("tcsetpgrp, another session's", tcsetpgrp(s, getppid()));
        show("tcsetpgrp, negative", tcsetpgrp(s, -1));
        pid_t kid = fork();
        if (kid == 0) {
            CHECK(tcgetpgrp(s) == getppid());
            show("TIOCSCTTY by no leader", ioctl(other, TIOCSCTTY, 0));
            MUST(setsid() > 0);
            show("tcgetpgrp in a new session", tcgetpgrp(s));
            show("TIOCSCTTY of another session's", ioctl(s, TIOCSCTTY, 0));
            _exit(0);
        }
        reap("child", kid);
        signal(SIGHUP, SIG_IGN);
        show("TIOCNOTTY on another", ioctl(other, TIOCNOTTY));
        show("TIOCNOTTY", ioctl(s, TIOCNOTTY));
        show("then tcgetpgrp", tcgetpgrp(s));
        show_ok("then /dev/tty", open("/dev/tty", O_RDWR));
        show("and the second", ioctl(other, TIOCSCTTY, 0));
        CHECK(tcgetsid(other) == getpid());
        _exit(0);
    }
    reap("leader", pid);
}
