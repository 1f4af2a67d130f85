// posix_openpt, grantpt, unlockpt and ptsname give a pair; a locked slave cannot be opened; TIOCGPTPEER opens it too.
#include "pty.h"

int main(void) {
    int m = posix_openpt(O_RDWR | O_NOCTTY), on = -1;
    unsigned n = 0;
    char name[64];
    show_ok("posix_openpt", m);
    show("TIOCGPTLCK", ioctl(m, TIOCGPTLCK, &on));
    say("locked %d", on);
    show("grantpt", grantpt(m));
    show("ptsname_r", ptsname_r(m, name, sizeof name) ? -1 : 0);
    show_ok("open locked", open(name, O_RDWR | O_NOCTTY));
    show_ok("peer locked", ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    show("unlockpt", unlockpt(m));
    ioctl(m, TIOCGPTLCK, &on);
    say("locked %d", on);
    show("TIOCGPTN", ioctl(m, TIOCGPTN, &n));
    char want[64];
    snprintf(want, sizeof want, "/dev/pts/%u", n);
    CHECK(strcmp(name, want) == 0);
    int s = open(name, O_RDWR | O_NOCTTY);
    show_ok("open slave", s);
    CHECK(isatty(s) && isatty(m));
    CHECK(strcmp(ttyname(s) ?: "", name) == 0);
    int p = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    show_ok("peer", p);
    say("cloexec %d", fcntl(p, F_GETFD));
    CHECK(strcmp(ttyname(p) ?: "", name) == 0);
    struct stat a, b;
    CHECK(fstat(s, &a) == 0 && stat(name, &b) == 0 && a.st_ino == b.st_ino && a.st_rdev == b.st_rdev);
    CHECK(S_ISCHR(a.st_mode) && a.st_uid == getuid());
    say("major %lu, number is the minor: %d", (unsigned long)(a.st_rdev >> 8 & 0xfff), (a.st_rdev & 0xff) == n);
    CHECK(chmod(name, 0600) == 0 && fstat(s, &a) == 0 && (a.st_mode & 07777) == 0600);
    show("TIOCGPTN on the slave", ioctl(s, TIOCGPTN, &n));
    show("lseek", lseek(s, 0, SEEK_CUR));
    show("pread", pread(s, name, 1, 0));
    int m2 = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    char other[64];
    CHECK(ptsname_r(m2, other, sizeof other) == 0 && strcmp(name, other) != 0);
    close(m2);
    show("stat of the closed one", stat(other, &b));
    close(s);
    close(p);
    close(m);
    show("stat of the first", stat(name, &b));
}
