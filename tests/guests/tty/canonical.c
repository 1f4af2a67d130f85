// Canonical mode: whole lines only, at most one a read, long lines in pieces, VEOF ends a line without being part of it.
#include "pty.h"

int main(void) {
    int s, m = pty(&s), n;
    local_flags(s, 0, ECHO);
    type(m, "hel");
    events("half a line", s);
    show("FIONREAD", (ioctl(s, FIONREAD, &n), n));
    type(m, "lo\nsecond\nthird");
    // The host's keys arrive a little later.
    for (int i = 0; i < 1000 && (ioctl(s, FIONREAD, &n), n) < 13; i++) sleep_ms(1);
    show("FIONREAD", n);
    hear("first", s);
    hear_n("second, 3 of it", s, 3);
    hear("its rest", s);
    hear("third, not ended", s);
    type(m, "\004");
    hear("ended by VEOF", s);
    type(m, "\004");
    hear("VEOF alone", s);
    hear("then", s);
    type(m, "abc\004def\n");
    hear_n("read that fits exactly", s, 3);
    hear("after it", s);
    type(m, "cr\rnext\n");
    hear("ICRNL", s);
    hear("next", s);
    struct termios t;
    tcgetattr(s, &t);
    t.c_cc[VEOL] = ';';
    tcsetattr(s, TCSANOW, &t);
    type(m, "a;b;c\n");
    hear("VEOL", s);
    hear("VEOL", s);
    hear("VEOL", s);
    type(m, "lit\026\004eral\026\n\n");
    hear("VLNEXT", s);
    hear("VLNEXT, newline", s);
    fcntl(s, F_SETFL, O_NONBLOCK);
    char c;
    show("nothing, nonblocking", read(s, &c, 1));
}
