// What a datagram says of itself: class and hops, its first destination; and what a UDP socket's name is when it is disconnected.
#include "inet.h"
#include <netinet/ip6.h>

static int number(struct cmsghdr *c) {
    return c->cmsg_len - CMSG_LEN(0) == 1 ? *CMSG_DATA(c) : *(int *)CMSG_DATA(c);
}

static void receive(int fd) {
    char data[16], control[256];
    struct iovec v = {data, sizeof data};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    show("recvmsg", recvmsg(fd, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_len <= CMSG_LEN(4))
            say("  level %d type %d: %d", c->cmsg_level, c->cmsg_type, number(c));
        else
            say("  level %d type %d, %d bytes", c->cmsg_level, c->cmsg_type, (int)(c->cmsg_len - CMSG_LEN(0)));
}

static void send_marked(int fd, void *to, socklen_t len, int level, int type, int value) {
    char control[CMSG_SPACE(4)] = {0};
    struct iovec v = {"x", 1};
    struct msghdr m = {.msg_name = to, .msg_namelen = len, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
    *CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(4)};
    *(int *)CMSG_DATA(CMSG_FIRSTHDR(&m)) = value;
    show("sendmsg", sendmsg(fd, &m, 0));
}

#define SET(fd, level, name, value) MUST(setsockopt(fd, level, name, &(int){value}, sizeof(int)) == 0)

static void show_name(const char *what, int fd) {
    struct sockaddr_in a = name_of(fd);
    say("%s: %s, port %s", what, inet_ntoa(a.sin_addr), a.sin_port ? "some" : "0");
}

int main(void) {
    struct sockaddr_in a = LOOPBACK, any = {.sin_family = AF_INET}, zero;
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t n = sizeof a;
    int r = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);
    bind_here(r, &a, sizeof a);
    SET(r, SOL_IP, IP_RECVTTL, 1);
    SET(r, SOL_IP, IP_RECVTOS, 1);
    SET(r, SOL_IP, IP_RECVORIGDSTADDR, 1);
    SET(s, SOL_IP, IP_TTL, 7);
    SET(s, SOL_IP, IP_TOS, 0x10);
    MUST(sendto(s, "x", 1, 0, (void *)&a, sizeof a) == 1);
    receive(r);
    send_marked(s, &a, sizeof a, SOL_IP, IP_TTL, 33);
    receive(r);
    send_marked(s, &a, sizeof a, SOL_IP, IP_TOS, 0x20);
    receive(r);
    send_marked(s, &a, sizeof a, SOL_IP, IP_TTL, 256);
    send_marked(s, &a, sizeof a, SOL_IP, IP_TTL, 0);

    int r6 = socket(AF_INET6, SOCK_DGRAM, 0), s6 = socket(AF_INET6, SOCK_DGRAM, 0);
    bind_here(r6, &a6, sizeof a6);
    SET(r6, SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
    SET(r6, SOL_IPV6, IPV6_RECVTCLASS, 1);
    SET(s6, SOL_IPV6, IPV6_UNICAST_HOPS, 9);
    SET(s6, SOL_IPV6, IPV6_TCLASS, 0x40);
    MUST(sendto(s6, "x", 1, 0, (void *)&a6, sizeof a6) == 1);
    receive(r6);
    send_marked(s6, &a6, sizeof a6, SOL_IPV6, IPV6_HOPLIMIT, 44);
    receive(r6);
    send_marked(s6, &a6, sizeof a6, SOL_IPV6, IPV6_TCLASS, -1);
    receive(r6);
    send_marked(s6, &a6, sizeof a6, SOL_IPV6, IPV6_TCLASS, 256);

    struct sockaddr un = {.sa_family = AF_UNSPEC};
    int u = socket(AF_INET, SOCK_DGRAM, 0), p = socket(AF_INET, SOCK_DGRAM, 0);
    bind_here(p, &any, sizeof any);
    MUST(connect(u, (void *)&a, sizeof a) == 0);
    show_name("connected", u);
    show("disconnect", connect(u, &un, sizeof un));
    show_name("disconnected", u);
    show("and again used", sendto(u, "x", 1, 0, (void *)&a, sizeof a));
    receive(r);
    show_name("used", u);
    MUST(connect(p, (void *)&a, sizeof a) == 0 && connect(p, &un, sizeof un) == 0);
    show_name("bound to any port", p);
    close(p);
    p = socket(AF_INET, SOCK_DGRAM, 0);
    MUST(bind(p, (void *)&any, sizeof any) == 0 && connect(p, (void *)&a, sizeof a) == 0 && connect(p, &un, sizeof un) == 0);
    show_name("bound to a port", p);
    zero = a;
    zero.sin_port = 0;
    show("connect to port 0", connect(u, (void *)&zero, sizeof zero));
    show("getpeername", getpeername(u, (void *)&zero, &n));
    char c;
    show("connect", connect(u, (void *)&a, sizeof a));
    show("shutdown", shutdown(u, SHUT_RD));
    show("recv", recv(u, &c, 1, MSG_DONTWAIT));
}
