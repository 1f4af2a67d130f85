// Helpers for the tests of terminals: pairs, attributes, and what a side has to say, with control bytes made visible.
#ifndef PTY_H
#define PTY_H
#include "../guest.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

// Opens a pair; the slave does not become anybody's controlling terminal.
static inline int pty(int *slave) {
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    MUST(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0);
    *slave = open(ptsname(m), O_RDWR | O_NOCTTY);
    MUST(*slave >= 0);
    return m;
}

static inline void local_flags(int fd, tcflag_t on, tcflag_t off) {
    struct termios t;
    MUST(tcgetattr(fd, &t) == 0);
    t.c_lflag = (t.c_lflag | on) & ~off;
    MUST(tcsetattr(fd, TCSANOW, &t) == 0);
}

static inline void raw(int fd, int vmin, int vtime) {
    struct termios t;
    MUST(tcgetattr(fd, &t) == 0);
    cfmakeraw(&t);
    t.c_cc[VMIN] = vmin;
    t.c_cc[VTIME] = vtime;
    MUST(tcsetattr(fd, TCSANOW, &t) == 0);
}

// Writes a text, and gives the other side time to see it: it does not in the same moment.
static inline void type(int fd, const char *s) {
    MUST(write(fd, s, strlen(s)) == (ssize_t)strlen(s));
    sleep_ms(8);
}

// Prints what a read gives, if there is anything within a moment.
static inline void hear_n(const char *what, int fd, size_t max) {
    static char buf[8192], text[4 * sizeof buf + 1];
    struct pollfd p = {fd, POLLIN, 0};
    if (max > sizeof buf) max = sizeof buf;
    if (poll(&p, 1, 60) == 0) {
        say("%s: nothing", what);
        return;
    }
    sleep_ms(10);
    ssize_t n = read(fd, buf, max);
    if (n < 0) {
        say("%s: %s", what, errname(errno));
        return;
    }
    char *t = text;
    for (ssize_t i = 0; i < n && i < 200; i++) {
        unsigned char c = buf[i];
        t += c < 32 || c > 126 || c == '\\' ? sprintf(t, "\\%03o", c) : sprintf(t, "%c", c);
    }
    *t = 0;
    say("%s: %zd \"%s\"", what, n, text);
}
static inline void hear(const char *what, int fd) { hear_n(what, fd, 8192); }

static inline void events(const char *what, int fd) {
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI, 0};
    sleep_ms(5);
    poll(&p, 1, 0);
    say("%s:%s%s%s%s%s%s", what, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
        p.revents & POLLPRI ? " PRI" : "", p.revents & POLLHUP ? " HUP" : "", p.revents & POLLERR ? " ERR" : "",
        p.revents & POLLNVAL ? " NVAL" : "");
}

// Makes the caller the leader of a new session with this terminal.
static inline void own_terminal(int slave) {
    MUST(setsid() == getpid());
    MUST(ioctl(slave, TIOCSCTTY, 0) == 0);
}
#endif
