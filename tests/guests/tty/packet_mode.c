// TIOCPKT: each read of the master begins with a byte that says data, flushed, stopped, started, or what stops output.
#include "pty.h"

int main(void) {
    int s, m = pty(&s), on = 1, got = 5;
    show("on the slave", ioctl(s, TIOCPKT, &on));
    show("TIOCPKT", ioctl(m, TIOCPKT, &on));
    show("TIOCGPKT", ioctl(m, TIOCGPKT, &got));
    say("%d", got);
    type(s, "data");
    hear("data", m);
    show("flush", tcflush(s, TCIFLUSH));
    events("flushed", m);
    hear("flush read", m);
    tcflush(s, TCOFLUSH);
    hear("flush write", m);
    struct termios t;
    tcgetattr(s, &t);
    t.c_iflag &= ~IXON;
    tcsetattr(s, TCSANOW, &t);
    hear("IXON off", m);
    t.c_iflag |= IXON;
    tcsetattr(s, TCSANOW, &t);
    hear("IXON on", m);
    on = 0;
    ioctl(m, TIOCPKT, &on);
    type(s, "plain");
    hear("off", m);
}
