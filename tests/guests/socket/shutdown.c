// shutdown in each direction, on both families: what the other end reads, what writing answers, what poll says.
#include "inet.h"
#include <poll.h>

static void look(const char *what, int fd) {
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    poll(&p, 1, 0);
    say("%s: %s%s%s%s%s", what, p.revents & POLLIN ? "IN " : "", p.revents & POLLOUT ? "OUT " : "", p.revents & POLLRDHUP ? "RDHUP " : "",
        p.revents & POLLHUP ? "HUP " : "", p.revents & POLLERR ? "ERR" : "");
}

static void run(const char *name, int is_tcp) {
    say("%s", name);
    int s[2];
    char b[16];
    if (is_tcp)
        tcp(s);
    else
        MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    look("fresh", s[0]);
    show("bad how", shutdown(s[0], 3));
    write(s[0], "tail", 4);
    show("shut writing", shutdown(s[0], SHUT_WR));
    show("write", send(s[0], "x", 1, MSG_NOSIGNAL));
    look("shut end", s[0]);
    look("other end", s[1]);
    show("read tail", read(s[1], b, 16));
    show("read end", read(s[1], b, 16));
    show("write back", write(s[1], "back", 4));
    show("read it", read(s[0], b, 16));
    show("shut again", shutdown(s[0], SHUT_WR));
    show("other shuts writing", shutdown(s[1], SHUT_WR));
    look("both", s[0]);
    show("read", read(s[0], b, 16));
    close(s[1]);
    look("other closed", s[0]);
    close(s[0]);
    if (!is_tcp) {
        MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
        show("shut reading", shutdown(s[0], SHUT_RD));
        show("read", read(s[0], b, 16));
        show("other writes", send(s[1], "x", 1, MSG_NOSIGNAL));
        look("shut", s[0]);
        look("other", s[1]);
        write(s[0], "y", 1);
        show("other reads", read(s[1], b, 16));
    }
}

int main(void) {
    run("unix", 0);
    run("tcp", 1);
    int u = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_DGRAM, 0);
    look("unix fresh", u);
    look("tcp fresh", t);
    look("udp fresh", d);
    show("unix", shutdown(u, SHUT_RDWR));
    show("tcp", shutdown(t, SHUT_RDWR));
    show("udp", shutdown(d, SHUT_RDWR));
}
