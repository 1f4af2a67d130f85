// A stream socket with a path: bind makes a file, connect finds it, removing it hides it.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un addr(const char *p) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, p);
    return a;
}

static void name(const char *what, int rc, struct sockaddr_un *a, socklen_t n) {
    if (rc)
        show(what, rc);
    else
        say("%s: family %d len %d \"%s\"", what, a->sun_family, (int)n, n > 2 ? a->sun_path : "");
}

int main(void) {
    struct sockaddr_un a = addr("sock"), b;
    socklen_t n;
    char buf[10] = {0};
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    umask(027);
    show("connect to nothing", connect(c, (void *)&a, sizeof a));
    show("listen unbound", listen(l, 5));
    show("bind", bind(l, (void *)&a, sizeof a));
    struct stat st;
    stat("sock", &st);
    say("mode %o", st.st_mode);
    show("connect before listen", connect(c, (void *)&a, sizeof a));
    int l2 = socket(AF_UNIX, SOCK_STREAM, 0);
    show("bind there again", bind(l2, (void *)&a, sizeof a));
    struct sockaddr_un o = addr("other");
    show("bind twice", bind(l, (void *)&o, sizeof o));
    show("no file left", access("other", F_OK));
    show("open it", open("sock", O_RDWR));
    show("accept before listen", accept(l, NULL, NULL));
    show("listen", listen(l, 5));
    show("connect", connect(c, (void *)&a, sizeof a));
    show("connect again", connect(c, (void *)&a, sizeof a));
    show("connect the listener", connect(l, (void *)&a, sizeof a));
    n = sizeof b;
    int s = accept(l, (void *)&b, &n);
    show_ok("accept", s);
    name("accepted from", 0, &b, n);
    n = sizeof b;
    name("client's peer", getpeername(c, (void *)&b, &n), &b, n);
    n = sizeof b;
    name("client's name", getsockname(c, (void *)&b, &n), &b, n);
    n = sizeof b;
    name("server's name", getsockname(s, (void *)&b, &n), &b, n);
    n = sizeof b;
    name("server's peer", getpeername(s, (void *)&b, &n), &b, n);
    n = sizeof b;
    name("listener's peer", getpeername(l, (void *)&b, &n), &b, n);
    n = 4;
    memset(&b, 0, sizeof b);
    getpeername(c, (void *)&b, &n);
    say("cut: len %d \"%s\"", (int)n, b.sun_path);
    write(c, "ping", 4);
    show("read", read(s, buf, 10));
    write(s, "pong!", 5);
    show("read", read(c, buf, 10));
    struct sockaddr_un f = addr("file"), d = addr("none/x");
    put_file("file", "");
    int x = socket(AF_UNIX, SOCK_STREAM, 0), y = socket(AF_UNIX, SOCK_DGRAM, 0);
    show("connect to a file", connect(x, (void *)&f, sizeof f));
    show("connect to no dir", connect(x, (void *)&d, sizeof d));
    show("bind in no dir", bind(x, (void *)&d, sizeof d));
    show("connect dgram", connect(y, (void *)&a, sizeof a));
    show("short", connect(x, (void *)&a, 1));
    show("only a family", connect(x, (void *)&a, 2));
    show("too long", connect(x, (void *)&a, 111));
    a.sun_family = AF_INET;
    show("other family", connect(x, (void *)&a, sizeof a));
    a.sun_family = AF_UNIX;
    unlink("sock");
    show("unlinked", connect(x, (void *)&a, sizeof a));
    show("rebind", bind(x, (void *)&a, sizeof a));
    close(x);
    show("file stays", access("sock", F_OK));
    show("connect to a dead one", connect(l2, (void *)&a, sizeof a));
}
