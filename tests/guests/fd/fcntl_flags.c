// F_GETFL and F_SETFL: access mode fixed, status flags shared by copies; F_GETFD belongs to the number.
#include "../guest.h"

static void flags(int fd) {
    int f = fcntl(fd, F_GETFL);
    say("mode %d append %d nonblock %d sync %d", f & O_ACCMODE, !!(f & O_APPEND), !!(f & O_NONBLOCK), !!(f & O_DSYNC));
}

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0600), copy = dup(fd);
    flags(fd);
    show("set append and nonblock", fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    flags(copy);
    show("mode cannot change", fcntl(fd, F_SETFL, O_RDONLY));
    flags(copy);
    show("FD_CLOEXEC", fcntl(fd, F_SETFD, FD_CLOEXEC));
    show("of the copy", fcntl(copy, F_GETFD));
    show("other bits of F_SETFD", fcntl(fd, F_SETFD, 0xfe));
    show("F_GETFD", fcntl(fd, F_GETFD));
    show("unknown command", fcntl(fd, 9999));
    show("closed", fcntl(99, F_GETFL));
    int p = open("f", O_PATH);
    say("O_PATH flag %d", !!(fcntl(p, F_GETFL) & O_PATH));
    show("F_SETFL on O_PATH", fcntl(p, F_SETFL, 0));
    show("F_GETFD on O_PATH", fcntl(p, F_GETFD));
    flags(open("f", O_WRONLY | O_APPEND | O_DSYNC));
}
