// Groups of IPv4 on the loopback, and broadcasts: joining, leaving, who hears what, and which errors there are.
#include "inet.h"
#include <net/if.h>

static struct sockaddr_in at(const char *ip, int port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(ip), .sin_port = port};
}

static int bound(const char *ip, int *port) {
    int s = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    struct sockaddr_in a = at(ip, *port);
    MUST(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    bind_here(s, &a, sizeof a);
    *port = a.sin_port;
    return s;
}

static void hears(const char *what, int s) {
    char buf[16] = "", from[32] = "nobody";
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    ssize_t r = recvfrom(s, buf, sizeof buf - 1, MSG_DONTWAIT, (void *)&a, &n);
    if (r >= 0)
        inet_ntop(AF_INET, &a.sin_addr, from, sizeof from);
    say("%s hears '%s' from %s", what, buf, from);
}

int main(void) {
    struct ip_mreq m = {.imr_multiaddr.s_addr = inet_addr("239.1.2.3"), .imr_interface.s_addr = inet_addr("127.0.0.1")};
    struct ip_mreqn by = {.imr_ifindex = if_nametoindex("lo")};
    int port = 0, a = bound("0.0.0.0", &port), b = bound("0.0.0.0", &port), g = bound("239.1.2.3", &port), off = 0, on = 1;
    int from = socket(AF_INET, SOCK_DGRAM, 0), none = 0;
    struct sockaddr_in home = at("127.0.0.1", 0), group = at("239.1.2.3", port), other = at("239.1.2.4", port);
    MUST(bind(from, (void *)&home, sizeof home) == 0);
    show("nobody has joined", sendto(from, "zero", 4, 0, (void *)&group, sizeof group));
    hears("a", a);
    show("short", setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, 4));
    show("join", setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    show("join again", setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof m));
    struct ip_mreq bad = {.imr_multiaddr.s_addr = inet_addr("10.0.0.1"), .imr_interface.s_addr = inet_addr("127.0.0.1")};
    show("no group", setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &bad, sizeof bad));
    by.imr_multiaddr.s_addr = inet_addr("239.1.2.3");
    by.imr_ifindex = 999;
    show("no interface", setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &by, sizeof by));
    show("send", sendto(from, "one", 3, 0, (void *)&group, sizeof group));
    hears("a", a);
    hears("b, with a", b);
    hears("g", g);
    show("IP_MULTICAST_ALL off", setsockopt(b, SOL_IP, IP_MULTICAST_ALL, &off, sizeof off));
    show("send", sendto(from, "two", 3, 0, (void *)&group, sizeof group));
    hears("a", a);
    hears("b", b);
    hears("g", g);
    show("another group", sendto(from, "three", 5, 0, (void *)&other, sizeof other));
    hears("a", a);
    show("leave another", setsockopt(b, SOL_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
    show("leave", setsockopt(a, SOL_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
    show("leave again", setsockopt(a, SOL_IP, IP_DROP_MEMBERSHIP, &m, sizeof m));
    show("send", sendto(from, "four", 4, 0, (void *)&group, sizeof group));
    hears("a", a);

    struct in_addr lo = {inet_addr("127.0.0.1")}, got = {1};
    socklen_t n = sizeof got;
    show("IP_MULTICAST_IF", setsockopt(b, SOL_IP, IP_MULTICAST_IF, &lo, sizeof lo));
    show("and back", getsockopt(b, SOL_IP, IP_MULTICAST_IF, &got, &n));
    say("is %s, %d bytes", inet_ntoa(got), (int)n);
    lo.s_addr = inet_addr("192.0.2.77");
    show("not ours", setsockopt(b, SOL_IP, IP_MULTICAST_IF, &lo, sizeof lo));
    show("too short", setsockopt(b, SOL_IP, IP_MULTICAST_IF, &lo, 2));
    MUST(setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof m) == 0);
    show("send by interface", sendto(b, "five", 4, 0, (void *)&group, sizeof group));
    hears("a", a);
    show("connect", connect(b, (void *)&group, sizeof group));
    show("send", send(b, "six", 3, 0));
    hears("a", a);
    close(a);
    int c = bound("0.0.0.0", &port);
    show("send", send(b, "seven", 5, 0));
    hears("c, when a is closed", c);

    struct sockaddr_in all = at("127.255.255.255", port), limited = at("255.255.255.255", port);
    show("broadcast", sendto(from, "x", 1, 0, (void *)&all, sizeof all));
    show("limited", sendto(from, "x", 1, 0, (void *)&limited, sizeof limited));
    show("connect", connect(from, (void *)&all, sizeof all));
    MUST(setsockopt(from, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0);
    show("broadcast", sendto(from, "eight", 5, 0, (void *)&all, sizeof all));
    hears("c", c);
    hears("g", g);
    show("limited", sendto(from, "nine", 4, 0, (void *)&limited, sizeof limited));
    hears("c", c);
    int t = socket(AF_INET, SOCK_STREAM, 0);
    show("IP_MULTICAST_IF of a stream", setsockopt(t, SOL_IP, IP_MULTICAST_IF, &none, sizeof none));
    show("connect to a broadcast", connect(t, (void *)&all, sizeof all));
    int k = 0, d = bound("255.255.255.255", &k);
    home.sin_port = port;
    show("bound to a broadcast, sends", sendto(d, "ten", 3, 0, (void *)&home, sizeof home));
    hears("c", c);
}
