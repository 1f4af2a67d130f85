// UDP-Lite: ports of its own, UDP's calls, and how much of a datagram its checksum covers.
#include "inet.h"

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif
enum { SEND_CSCOV = 10, RECV_CSCOV = 11 };

static void coverage(int s, int level, int name, int n) {
    int got = -1;
    socklen_t len = sizeof got;
    int set = setsockopt(s, level, name, &n, sizeof n), e = errno;
    int get = getsockopt(s, level, name, &got, &len);
    say("level %d name %d value %d: %s, get %d value %d", level, name, n, set ? errname(e) : "set", get, got);
}

int main(void) {
    struct sockaddr_in a = LOOPBACK, from;
    socklen_t n = sizeof a;
    char buf[64];
    int r = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), s = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    int u = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE);
    MUST(r >= 0 && s >= 0 && six >= 0);
    show("a stream", socket(AF_INET, SOCK_STREAM, IPPROTO_UDPLITE));
    int proto = 0, type = 0;
    socklen_t len = sizeof proto;
    MUST(getsockopt(r, SOL_SOCKET, SO_PROTOCOL, &proto, &len) == 0 && getsockopt(r, SOL_SOCKET, SO_TYPE, &type, &len) == 0);
    say("protocol %d type %d", proto, type);

    bind_here(r, &a, sizeof a);
    show("UDP has other ports", bind(u, (void *)&a, sizeof a));
    show("a port is taken", bind(s, (void *)&a, sizeof a));
    int values[] = {0, 1, 7, 8, 20, 65535, 70000, -1};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        coverage(s, IPPROTO_UDPLITE, SEND_CSCOV, values[i]);
        coverage(r, IPPROTO_UDP, RECV_CSCOV, values[i]);
    }
    coverage(s, IPPROTO_UDPLITE, SEND_CSCOV, 12);
    coverage(r, IPPROTO_UDPLITE, RECV_CSCOV, 12);
    coverage(six, IPPROTO_UDPLITE, SEND_CSCOV, 12);
    coverage(u, IPPROTO_UDPLITE, SEND_CSCOV, 12);

    show("to UDP-Lite", sendto(s, "lite", 4, 0, (void *)&a, sizeof a));
    n = sizeof from;
    show("recvfrom", recvfrom(r, buf, sizeof buf, 0, (void *)&from, &n));
    say("got %.4s from %s", buf, inet_ntoa(from.sin_addr));
    show("UDP does not hear it", recv(u, buf, sizeof buf, MSG_DONTWAIT));
    show("to UDP", sendto(u, "plain", 5, 0, (void *)&a, sizeof a));
    show("recv", recv(u, buf, sizeof buf, 0));
    show("UDP-Lite does not hear it", recv(r, buf, sizeof buf, MSG_DONTWAIT));
    show("connect", connect(s, (void *)&a, sizeof a));
    show("send", send(s, "abc", 3, 0));
    show("recv", recv(r, buf, sizeof buf, 0));
    show("listen", listen(r, 1));
    return 0;
}
