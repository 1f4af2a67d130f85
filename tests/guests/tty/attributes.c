// The attributes that a new terminal has, and what setting them in the old, the plain and the extended form keeps.
#include "../guest.h"
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>

struct termio_old {
    unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_line, c_cc[8];
};

static void print(const char *what, int fd) {
    struct termios2 t;
    memset(&t, 0xee, sizeof t);
    if (ioctl(fd, TCGETS2, &t) != 0) {
        show(what, -1);
        return;
    }
    say("%s: %o %o %o %o line %d, speed %u %u", what, t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line, t.c_ispeed,
        t.c_ospeed);
    char text[128], *p = text;
    for (int i = 0; i < 19; i++) p += sprintf(p, " %o", t.c_cc[i]);
    say(" %s", text);
}

int main(void) {
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    MUST(m >= 0 && unlockpt(m) == 0);
    int s = open(ptsname(m), O_RDWR | O_NOCTTY);
    print("new", s);
    print("new, at the master", m);
    struct termios t;
    show("TCGETS", ioctl(s, TCGETS, &t));
    t.c_cflag = B9600 | CS5 | PARENB | HUPCL;
    t.c_lflag = ICANON | ECHO;
    t.c_cc[VINTR] = 'i';
    t.c_line = 3;
    show("TCSETS", ioctl(s, TCSETS, &t));
    print("set", s);
    struct termio_old o;
    show("TCGETA", ioctl(s, TCGETA, &o));
    say("%o %o %o %o", o.c_iflag, o.c_oflag, o.c_cflag, o.c_lflag);
    o.c_lflag = 0;
    o.c_cc[VEOF] = 1;
    show("TCSETA", ioctl(s, TCSETA, &o));
    print("set the old way", s);
    struct termios2 t2;
    ioctl(s, TCGETS2, &t2);
    t2.c_cflag = (t2.c_cflag & ~CBAUD) | B115200;
    show("TCSETSW2", ioctl(s, TCSETSW2, &t2));
    print("115200", s);
    show("bad address", ioctl(s, TCSETS, (void *)8));
    show("bad address", ioctl(s, TCGETS, (void *)8));
    show("unknown", ioctl(s, 0x54ff, 0));
    int v = 7;
    show("TIOCGETD", ioctl(s, TIOCGETD, &v));
    say("%d", v);
    show("TIOCOUTQ", ioctl(s, TIOCOUTQ, &v));
    say("%d", v);
    show("TIOCEXCL", ioctl(s, TIOCEXCL, 0));
    show("TIOCGEXCL", ioctl(s, TIOCGEXCL, &v));
    say("%d", v);
    show("TIOCNXCL", ioctl(s, TIOCNXCL, 0));
    show("TCSBRK", ioctl(s, TCSBRK, 1));
    show("TIOCMGET", ioctl(s, TIOCMGET, &v));
    show("no terminal", ioctl(open("/dev/null", O_RDWR), TCGETS, &t));
}
