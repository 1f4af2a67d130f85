// TCP keeps the address of the side that closed first, unless there was a reset, and makes no connection twice.
#include "inet.h"

static int at(struct sockaddr_in a, int reuse, const char *what) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0);
    int r = bind(fd, (void *)&a, sizeof a);
    if (what)
        show(what, r);
    else
        MUST(r == 0);
    return fd;
}

static void pair(int listener, int *client, int *server) {
    struct sockaddr_in a = name_of(listener);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connect(*client, (void *)&a, sizeof a) == 0);
    MUST((*server = accept(listener, NULL, NULL)) >= 0);
}

// Until the other end has seen the close.
static void ended(int fd) {
    char c;
    MUST(read(fd, &c, 1) == 0);
}

int main(void) {
    struct sockaddr_in home = LOOPBACK, a;
    int l = at(home, 1, NULL), c, s, hard[2] = {1, 0};
    MUST(listen(l, 5) == 0);

    pair(l, &c, &s);
    a = name_of(c);
    close(at(a, 0, "while it is connected"));
    close(c);
    ended(s);
    close(at(a, 0, "while the other side has not closed"));
    close(s);
    close(at(a, 0, "closed by this side first"));
    close(at(a, 1, "the same with SO_REUSEADDR, which the old one had not"));

    pair(l, &c, &s);
    a = name_of(c);
    close(s);
    ended(c);
    close(c);
    close(at(a, 0, "closed by the other side first"));

    pair(l, &c, &s);
    a = name_of(c);
    shutdown(c, SHUT_WR);
    ended(s);
    close(s);
    ended(c);
    close(c);
    close(at(a, 0, "shut down by this side first"));

    pair(l, &c, &s);
    a = name_of(c);
    MUST(setsockopt(c, SOL_SOCKET, SO_LINGER, hard, sizeof hard) == 0);
    close(c);
    close(at(a, 0, "reset"));
    close(s);

    a = name_of(l);
    close(l);
    close(at(a, 0, "the listener's port"));
    l = at(a, 1, "with SO_REUSEADDR");
    show("listen", listen(l, 5));

    a = name_of(l);
    c = at(home, 1, NULL);
    MUST(connect(c, (void *)&a, sizeof a) == 0);
    int d = at(name_of(c), 1, "the same name twice");
    show("the same connection", connect(d, (void *)&a, sizeof a));
}
