// Bytes of TCP wait for more with TCP_CORK and MSG_MORE: until they are let go, fill a segment, or some time is over.
#include "inet.h"
#include <netinet/tcp.h>
#include <poll.h>

static void there(const char *what, int fd) {
    char buf[16];
    show(what, recv(fd, buf, sizeof buf, MSG_DONTWAIT));
}

#define SET(name, value) MUST(setsockopt(s[0], IPPROTO_TCP, name, &(int){value}, sizeof(int)) == 0)

int main(void) {
    int s[2];
    tcp(s);
    SET(TCP_CORK, 1);
    show("write", write(s[0], "ab", 2));
    there("corked", s[1]);
    show("write", write(s[0], "c", 1));
    there("corked", s[1]);
    SET(TCP_CORK, 0);
    there("let go", s[1]);
    show("MSG_MORE", send(s[0], "de", 2, MSG_MORE));
    there("waits", s[1]);
    show("send", send(s[0], "f", 1, 0));
    there("both", s[1]);
    show("MSG_MORE", send(s[0], "gh", 2, MSG_MORE));
    SET(TCP_NODELAY, 1);
    there("TCP_NODELAY", s[1]);
    SET(TCP_NODELAY, 0);
    show("MSG_MORE", send(s[0], "i", 1, MSG_MORE));
    struct pollfd p = {.fd = s[1], .events = POLLIN};
    show("after a while", poll(&p, 1, 5000));
    there("it comes", s[1]);
    show("MSG_MORE", send(s[0], "jk", 2, MSG_MORE));
    show("shutdown", shutdown(s[0], SHUT_WR));
    there("before the end", s[1]);
    there("end", s[1]);
    show("MSG_MORE", send(s[1], "l", 1, MSG_MORE));
    close(s[1]);
    there("before the close", s[0]);
    there("end", s[0]);
}
