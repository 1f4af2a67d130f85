// IPv6 on the loopback, and a socket for both: mapped addresses, IPV6_V6ONLY.
#include "inet.h"

static void name(const char *what, struct sockaddr_in6 *a, socklen_t n) {
    char t[64];
    inet_ntop(AF_INET6, &a->sin6_addr, t, 64);
    say("%s: %s len %d", what, t, (int)n);
}

int main(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6}, b;
    struct sockaddr_in v4 = LOOPBACK;
    socklen_t n = sizeof a;
    int l = socket(AF_INET6, SOCK_STREAM, 0);
    bind_here(l, &a, sizeof a);
    MUST(listen(l, 4) == 0);
    name("listener", &a, n);
    v4.sin_port = a.sin6_port;
    int c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET6, SOCK_STREAM, 0), e = socket(AF_INET6, SOCK_STREAM, 0);
    show("from IPv4", connect(c, (void *)&v4, sizeof v4));
    n = sizeof b;
    int s = accept(l, (void *)&b, &n);
    name("accepted", &b, n);
    n = sizeof b;
    getsockname(s, (void *)&b, &n);
    name("here", &b, n);
    a.sin6_addr = in6addr_loopback;
    show("from IPv6", connect(d, (void *)&a, sizeof a));
    n = sizeof b;
    s = accept(l, (void *)&b, &n);
    name("accepted", &b, n);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
    show("from mapped", connect(e, (void *)&a, sizeof a));
    n = sizeof b;
    getsockname(e, (void *)&b, &n);
    name("client", &b, n);
    int o = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
    show("v6only", setsockopt(o, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    struct sockaddr_in6 x = {.sin6_family = AF_INET6};
    MUST(bind(o, (void *)&x, sizeof x) == 0 && listen(o, 4) == 0);
    n = sizeof x;
    getsockname(o, (void *)&x, &n);
    show("v6only after bind", setsockopt(o, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    v4.sin_port = x.sin6_port;
    int f = socket(AF_INET, SOCK_STREAM, 0);
    show("IPv4 is refused", connect(f, (void *)&v4, sizeof v4));
    int g = socket(AF_INET, SOCK_STREAM, 0);
    show("and may have the port", bind(g, (void *)&v4, sizeof v4));
    show("short address", connect(o, (void *)&x, 20));
    show("IPv4 address", connect(f, (void *)&x, sizeof x));
}
