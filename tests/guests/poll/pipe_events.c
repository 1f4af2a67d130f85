// poll on pipes: what each end reports when empty, full, half closed, closed, and for bad descriptors.
#include "../guest.h"
#include <poll.h>

static void look(const char *what, int fd, short events) {
    struct pollfd p = {fd, events, 0x7fff};
    int rc = poll(&p, 1, 0);
    say("%s: %d, %s%s%s%s%s", what, rc, p.revents & POLLIN ? "IN " : "", p.revents & POLLOUT ? "OUT " : "", p.revents & POLLHUP ? "HUP " : "",
        p.revents & POLLERR ? "ERR " : "", p.revents & POLLNVAL ? "NVAL" : "");
}

int main(void) {
    int p[2];
    static char big[70000];
    MUST(pipe2(p, O_NONBLOCK) == 0);
    look("empty, reader", p[0], POLLIN | POLLOUT);
    look("empty, writer", p[1], POLLIN | POLLOUT);
    MUST(write(p[1], "x", 1) == 1);
    look("a byte, reader", p[0], POLLIN);
    look("not asked", p[0], 0);
    while (write(p[1], big, sizeof big) > 0) {}
    look("full, writer", p[1], POLLOUT);
    close(p[1]);
    look("writer gone, data left", p[0], POLLIN);
    while (read(p[0], big, sizeof big) > 0) {}
    look("writer gone, empty", p[0], POLLIN);
    look("not asked", p[0], 0);
    MUST(pipe(p) == 0);
    close(p[0]);
    look("reader gone", p[1], POLLOUT);
    look("closed number", 99, POLLIN);
    look("negative number", -1, POLLIN);
    put_file("f", "");
    look("file", open("f", O_RDWR), POLLIN | POLLOUT);
    look("directory", open(".", O_RDONLY), POLLIN | POLLOUT);
    look("/dev/null", open("/dev/null", O_RDWR), POLLIN | POLLOUT);
}
