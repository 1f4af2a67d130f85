// Messages whose parts are not what they should be.
#include "../guest.h"
#include <sys/socket.h>

int main(void) {
    int s[2];
    char b[8];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    show("send from nowhere", send(s[0], (void *)16, 4, 0));
    show("send from the kernel", send(s[0], (void *)-4096L, 4, 0));
    write(s[0], "data", 4);
    show("recv to nowhere", recv(s[1], (void *)16, 4, 0));
    show("data still there", recv(s[1], b, 8, MSG_DONTWAIT));
    show("no header", sendmsg(s[0], NULL, 0));
    struct iovec iov = {"x", 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 2000};
    show("too many buffers", sendmsg(s[0], &m, 0));
    m.msg_iovlen = 1;
    m.msg_control = (void *)16;
    m.msg_controllen = 32;
    show("bad control", sendmsg(s[0], &m, 0));
    m.msg_control = NULL;
    m.msg_controllen = 0;
    m.msg_name = b;
    m.msg_namelen = -1;
    show("negative name", sendmsg(s[0], &m, 0));
    m.msg_name = b;
    m.msg_namelen = 4;
    show("name when connected", sendmsg(s[0], &m, 0));
    int u = socket(AF_UNIX, SOCK_STREAM, 0);
    show("send unconnected", send(u, "x", 1, 0));
    show("recv unconnected", recv(u, b, 1, 0));
    int q = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    show("seqpacket send", send(q, "x", 1, 0));
    show("seqpacket recv", recv(q, b, 1, 0));
    socklen_t n = 4;
    show("getsockname nowhere", getsockname(u, (void *)16, &n));
    n = -1;
    show("getsockname negative", getsockname(u, (void *)b, &n));
    show("bind too long", bind(u, (void *)b, 200));
    show("bind negative", bind(u, (void *)b, -1));
    show("bind nowhere", bind(u, (void *)16, 16));
}
