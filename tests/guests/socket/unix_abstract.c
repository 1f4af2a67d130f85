// Abstract names: no file, exact length, gone with the socket; names found automatically.
#include "../guest.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX}, b;
    int len = snprintf(a.sun_path + 1, 100, "umlaut-test-%d", getpid()) + 1 + offsetof(struct sockaddr_un, sun_path);
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    show("bind", bind(l, (void *)&a, len));
    show("listen", listen(l, 1));
    show("another length", connect(c, (void *)&a, len + 1));
    show("connect", connect(c, (void *)&a, len));
    int m = socket(AF_UNIX, SOCK_STREAM, 0);
    show("bind again", bind(m, (void *)&a, len));
    int d = socket(AF_UNIX, SOCK_DGRAM, 0);
    show("another type", bind(d, (void *)&a, len));
    socklen_t n = sizeof b;
    getpeername(c, (void *)&b, &n);
    say("same name: %d", (int)n == len && !memcmp(&a, &b, len));
    close(l);
    show("bind when gone", bind(m, (void *)&a, len));
    sa_family_t f = AF_UNIX;
    int x = socket(AF_UNIX, SOCK_DGRAM, 0);
    show("bind to a family", bind(x, (void *)&f, sizeof f));
    n = sizeof b;
    memset(&b, 1, sizeof b);
    getsockname(x, (void *)&b, &n);
    say("found: len %d first %d", (int)n, b.sun_path[0]);
    show("bind to a family again", bind(x, (void *)&f, sizeof f));
    char buf[8];
    show("reset", read(c, buf, 1));
    show("end", read(c, buf, 1));
}
