// IXON: VSTOP holds output back, VSTART lets it go; TCXONC does the same from inside.
#include "pty.h"

int main(void) {
    int s, m = pty(&s);
    fcntl(s, F_SETFL, O_NONBLOCK);
    local_flags(s, 0, ECHO);
    type(m, "\023");
    sleep_ms(10);
    events("stopped", s);
    show("write", write(s, "held", 4));
    type(m, "\021");
    sleep_ms(10);
    events("started", s);
    show("write", write(s, "sent", 4));
    hear("master", m);
    show("TCOOFF", tcflow(s, TCOOFF));
    show("write", write(s, "held", 4));
    show("TCOON", tcflow(s, TCOON));
    show("write", write(s, "more", 4));
    hear("master", m);
    show("TCIOFF", tcflow(s, TCIOFF));
    hear("a stop key", m);
    show("TCION", tcflow(s, TCION));
    hear("a start key", m);
    show("bad", tcflow(s, 9));
    struct termios t;
    tcgetattr(s, &t);
    t.c_iflag &= ~IXON;
    tcsetattr(s, TCSANOW, &t);
    type(m, "a\023b\021\n");
    hear("ordinary without IXON", s);
}
