// TCP_DEFER_ACCEPT: a connection may be accepted when something has come, when the other side is gone, or after a while.
#include "inet.h"
#include <netinet/tcp.h>
#include <poll.h>

int main(void) {
    struct sockaddr_in a = LOOPBACK;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), seconds = 20;
    bind_here(l, &a, sizeof a);
    MUST(listen(l, 5) == 0);
    show("TCP_DEFER_ACCEPT", setsockopt(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds));
    int c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_STREAM, 0);
    show("connect", connect(c, (void *)&a, sizeof a));
    show("connect", connect(d, (void *)&a, sizeof a));
    struct pollfd p = {.fd = l, .events = POLLIN};
    show("poll", poll(&p, 1, 20));
    yes("nothing to accept", accept(l, NULL, NULL) < 0);
    show("write", write(d, "x", 1));
    show("poll", poll(&p, 1, 5000));
    int s = accept(l, NULL, NULL);
    yes("accepted", s >= 0);
    char buf[4];
    show("read", read(s, buf, 4));
    yes("nothing more", accept(l, NULL, NULL) < 0);
    close(c);
    show("poll", poll(&p, 1, 5000));
    s = accept(l, NULL, NULL);
    yes("accepted", s >= 0);
    show("read", read(s, buf, 4));
}
