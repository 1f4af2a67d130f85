// Names that come late or are of the other family: a bind after the connection, IPv4 from a socket of IPv6; owners and groups.
#include "inet.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/un.h>

static struct sockaddr_in6 six(const char *ip, int port) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = port};
    MUST(inet_pton(AF_INET6, ip, &a.sin6_addr) == 1);
    return a;
}

static int udp(const char *ip, int *port) {
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 a = six(ip, 0);
    bind_here(fd, &a, sizeof a);
    *port = a.sin6_port;
    return fd;
}

int main(void) {
    struct sockaddr_un l = {.sun_family = AF_UNIX, .sun_path = "l"}, c = {.sun_family = AF_UNIX, .sun_path = "c"}, got;
    socklen_t n = sizeof got;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), pid;
    struct ucred who;
    socklen_t size = sizeof who;
    MUST(bind(listener, (void *)&l, sizeof l) == 0 && listen(listener, 1) == 0);
    show("SO_PEERCRED", getsockopt(listener, SOL_SOCKET, SO_PEERCRED, &who, &size));
    yes("a listener's is its own", who.pid == getpid());
    MUST(connect(client, (void *)&l, sizeof l) == 0);
    int server = accept(listener, NULL, NULL);
    show("getpeername", getpeername(server, (void *)&got, &n));
    say("%d bytes", (int)n);
    show("bind", bind(client, (void *)&c, sizeof c));
    n = sizeof got;
    show("getpeername", getpeername(server, (void *)&got, &n));
    say("now '%s'", got.sun_path);

    show("SIOCGPGRP", ioctl(client, SIOCGPGRP, &pid));
    say("nobody: %d", pid);
    pid = getpid();
    show("SIOCSPGRP", ioctl(client, SIOCSPGRP, &pid));
    pid = 0;
    show("FIOGETOWN", ioctl(client, FIOGETOWN, &pid));
    yes("this process", pid == getpid());
    int p[2];
    MUST(pipe(p) == 0);
    show("of a pipe", ioctl(p[0], SIOCGPGRP, &pid));

    int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), group = RTNLGRP_LINK;
    unsigned words[8] = {0};
    struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    MUST(bind(nl, (void *)&any, sizeof any) == 0);
    MUST(setsockopt(nl, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0);
    n = sizeof words;
    show("NETLINK_LIST_MEMBERSHIPS", getsockopt(nl, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &n));
    say("%x, at least a word: %d", words[0], n >= 4);

    int port4, port6, ours, r4 = udp("::ffff:127.0.0.1", &port4), r6 = udp("::1", &port6);
    struct sockaddr_in6 to4 = six("::ffff:127.0.0.1", port4), to6 = six("::1", port6);
    int s = udp("::ffff:127.0.0.1", &ours);
    show("bound to IPv4, sends to IPv6", sendto(s, "x", 1, 0, (void *)&to6, sizeof to6));
    s = udp("::1", &ours);
    show("bound to IPv6, sends to IPv4", sendto(s, "x", 1, 0, (void *)&to4, sizeof to4));
    s = socket(AF_INET6, SOCK_DGRAM, 0);
    MUST(connect(s, (void *)&to6, sizeof to6) == 0);
    show("connected to IPv6, sends to IPv4", sendto(s, "x", 1, 0, (void *)&to4, sizeof to4));
    char buf[64];
    n = sizeof to4;
    show("recvfrom", recvfrom(r4, buf, 1, 0, (void *)&to4, &n));
    say("from %s", inet_ntop(AF_INET6, &to4.sin6_addr, buf, sizeof buf));
    close(r6);
}
