// Options: defaults, what setting does, wrong names and sizes.
#include "../guest.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

static void get(const char *what, int fd, int level, int name) {
    int v = -1;
    socklen_t n = sizeof v;
    int rc = getsockopt(fd, level, name, &v, &n);
    if (rc)
        show(what, rc);
    else
        say("%s = %d (%d bytes)", what, v, (int)n);
}
static void set(const char *what, int fd, int level, int name, int v) { show(what, setsockopt(fd, level, name, &v, sizeof v)); }
#define GET(fd, level, name) get(#name, fd, level, name)
#define SET(fd, level, name, v) set(#name " := " #v, fd, level, name, v)

int main(void) {
    int u = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET6, SOCK_DGRAM, 0);
    int all[] = {u, t, d};
    for (int i = 0; i < 3; i++) {
        int fd = all[i];
        say("socket %d", i);
        GET(fd, SOL_SOCKET, SO_TYPE);
        GET(fd, SOL_SOCKET, SO_DOMAIN);
        GET(fd, SOL_SOCKET, SO_PROTOCOL);
        GET(fd, SOL_SOCKET, SO_ERROR);
        GET(fd, SOL_SOCKET, SO_ACCEPTCONN);
        GET(fd, SOL_SOCKET, SO_REUSEADDR);
        GET(fd, SOL_SOCKET, SO_KEEPALIVE);
        GET(fd, SOL_SOCKET, SO_RCVLOWAT);
        SET(fd, SOL_SOCKET, SO_REUSEADDR, 5);
        GET(fd, SOL_SOCKET, SO_REUSEADDR);
        SET(fd, SOL_SOCKET, SO_KEEPALIVE, 7);
        GET(fd, SOL_SOCKET, SO_KEEPALIVE);
        SET(fd, SOL_SOCKET, SO_TYPE, 1);
        SET(fd, SOL_SOCKET, SO_ERROR, 1);
        SET(fd, SOL_SOCKET, 9999, 1);
        GET(fd, SOL_SOCKET, 9999);
        SET(fd, SOL_SOCKET, SO_RCVBUF, 10000);
        GET(fd, SOL_SOCKET, SO_RCVBUF);
        SET(fd, SOL_SOCKET, SO_SNDBUF, 1);
        GET(fd, SOL_SOCKET, SO_SNDBUF);
        GET(fd, SOL_TCP, TCP_NODELAY);
        GET(fd, IPPROTO_IP, IP_TTL);
        GET(fd, IPPROTO_IPV6, IPV6_V6ONLY);
        GET(fd, 1234, 1);
    }
    GET(u, SOL_SOCKET, SO_PASSCRED);
    SET(t, SOL_TCP, TCP_NODELAY, 3);
    GET(t, SOL_TCP, TCP_NODELAY);
    GET(t, SOL_TCP, TCP_KEEPIDLE);
    SET(t, SOL_TCP, TCP_KEEPIDLE, 0);
    SET(t, SOL_TCP, TCP_KEEPIDLE, 60);
    GET(t, SOL_TCP, TCP_KEEPIDLE);
    SET(t, SOL_TCP, 7777, 60);
    SET(t, IPPROTO_IP, IP_TTL, 300);
    int one = 1;
    show("short", setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &one, 3));
    show("negative", setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &one, -1));
    show("fault", setsockopt(t, SOL_SOCKET, SO_REUSEADDR, (void *)1, 4));
    struct timeval tv = {0, 20000}, got;
    socklen_t n = sizeof got;
    show("RCVTIMEO", setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    getsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &got, &n);
    say("%ld.%06ld len %d", (long)got.tv_sec, (long)got.tv_usec, (int)n);
    tv.tv_usec = 1000000;
    show("RCVTIMEO bad", setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    struct linger l = {1, 5}, m;
    show("LINGER", setsockopt(u, SOL_SOCKET, SO_LINGER, &l, sizeof l));
    n = sizeof m;
    getsockopt(u, SOL_SOCKET, SO_LINGER, &m, &n);
    say("%d %d", m.l_onoff, m.l_linger);
    char c = 9;
    n = 1;
    show("one byte", getsockopt(t, SOL_TCP, TCP_NODELAY, &c, &n));
    say("%d %d", c, (int)n);
}
