// Output processing: ONLCR, OCRNL, ONOCR, ONLRET, OLCUC, tabs to spaces, and none of it without OPOST.
#include "pty.h"

static void with(const char *what, int m, int s, tcflag_t flags, const char *text) {
    struct termios t;
    tcgetattr(s, &t);
    t.c_oflag = flags;
    MUST(tcsetattr(s, TCSANOW, &t) == 0);
    type(s, text);
    hear(what, m);
}

int main(void) {
    int s, m = pty(&s);
    with("ONLCR", m, s, OPOST | ONLCR, "a\nb\r\n");
    with("none", m, s, OPOST, "a\nb\r");
    with("OCRNL", m, s, OPOST | OCRNL, "a\rb\r\n");
    with("to column 0", m, s, OPOST | ONLCR, "\n");
    with("ONOCR", m, s, OPOST | ONOCR | ONLCR, "\r\rab\r\rcd\n");
    with("ONLRET", m, s, OPOST | ONLRET | ONOCR, "ab\n\rcd\n");
    with("OLCUC", m, s, OPOST | OLCUC, "Ab-c\n");
    with("to column 0", m, s, OPOST | ONLCR, "\n");
    with("tabs", m, s, OPOST | ONLCR | XTABS, "a\tbc\td\n\t|\b\b\tx\n");
    with("no OPOST", m, s, ONLCR | OLCUC | XTABS, "a\tb\n");
    struct termios t;
    tcgetattr(m, &t);
    t.c_oflag = OPOST | ONLCR;
    tcsetattr(m, TCSANOW, &t);
    tcgetattr(s, &t);
    say("set at the master: %o", t.c_oflag);
}
