// Input processing: ICRNL, INLCR, IGNCR, ISTRIP, IUCLC, and what changes between canonical and raw mode keep.
#include "pty.h"

static void with(const char *what, int m, int s, tcflag_t iflag, const char *keys) {
    struct termios t;
    tcgetattr(s, &t);
    t.c_iflag = iflag;
    t.c_lflag &= ~ICANON;
    MUST(tcsetattr(s, TCSANOW, &t) == 0);
    type(m, keys);
    hear(what, s);
    hear("  echo", m);
}

int main(void) {
    int s, m = pty(&s);
    with("nothing", m, s, 0, "a\rb\n");
    with("ICRNL", m, s, ICRNL, "a\rb\n");
    with("INLCR", m, s, INLCR, "a\rb\n");
    with("both", m, s, ICRNL | INLCR, "a\rb\n");
    with("IGNCR", m, s, IGNCR | ICRNL, "a\rb\n");
    with("ISTRIP", m, s, ISTRIP, "\341\342");
    with("IUCLC", m, s, IUCLC, "AbC");
    local_flags(s, 0, ECHO);
    type(m, "raw");
    sleep_ms(20);
    local_flags(s, ICANON, 0);
    events("raw bytes seen as a line", s);
    hear("line", s);
    type(m, "unfinished");
    sleep_ms(20);
    local_flags(s, 0, ICANON);
    hear("line seen raw", s);
    type(m, "flushed");
    sleep_ms(20);
    show("TCIFLUSH", tcflush(s, TCIFLUSH));
    hear("after", s);
    type(m, "flushed");
    sleep_ms(20);
    struct termios t;
    tcgetattr(s, &t);
    show("TCSAFLUSH", tcsetattr(s, TCSAFLUSH, &t));
    hear("after", s);
    show("bad flush", tcflush(s, 7));
}
