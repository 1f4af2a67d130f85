// Datagram sockets of IPv6 that are given addresses of IPv4, and the time of a datagram: with it, or for who asks for it.
#include "inet.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

static struct sockaddr_in v4(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int receiver(struct sockaddr_in *a) {
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    *a = v4(0);
    bind_here(s, a, sizeof *a);
    return s;
}
static void name(const char *what, int rc, const struct sockaddr_in6 *a, socklen_t len) {
    char text[64];
    if (rc < 0) {
        show(what, rc);
        return;
    }
    inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text);
    say("%s: family %d, %s, %d bytes", what, a->sin6_family == AF_INET6, text, (int)len);
}

static void families(void) {
    struct sockaddr_in a, odd;
    struct sockaddr_in6 got;
    int r = receiver(&a), s = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;
    char buf[8];
    show("send", sendto(s, "abc", 3, 0, (void *)&a, sizeof a));
    show("recv", recv(r, buf, sizeof buf, 0));
    show("send, too short", sendto(s, "abc", 3, 0, (void *)&a, sizeof a - 1));
    odd = a, odd.sin_family = AF_UNIX;
    show("send, of another family", sendto(s, "abc", 3, 0, (void *)&odd, sizeof odd));
    odd.sin_family = AF_UNSPEC;
    show("send, of no family", sendto(s, "abc", 3, 0, (void *)&odd, sizeof odd));
    show("connect, too short", connect(s, (void *)&a, sizeof a - 1));
    odd.sin_family = AF_UNIX;
    show("connect, of another family", connect(s, (void *)&odd, sizeof odd));
    show("connect", connect(s, (void *)&a, sizeof a));
    socklen_t len = sizeof got;
    name("own", getsockname(s, (void *)&got, &len), &got, len);
    len = sizeof got;
    name("other", getpeername(s, (void *)&got, &len), &got, len);
    show("send", send(s, "abcd", 4, 0));
    show("recv", recv(r, buf, sizeof buf, 0));
    close(s);
    s = socket(AF_INET6, SOCK_DGRAM, 0);
    MUST(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0);
    show("IPv6 only: send", sendto(s, "abc", 3, 0, (void *)&a, sizeof a));
    show("IPv6 only: connect", connect(s, (void *)&a, sizeof a));
    close(s);
    s = socket(AF_INET6, SOCK_STREAM, 0);
    show("a stream", connect(s, (void *)&a, sizeof a));
    close(s);
    close(r);
}

static int option(int s, int what) {
    int n = -1;
    socklen_t len = sizeof n;
    return getsockopt(s, SOL_SOCKET, what, &n, &len) == 0 ? n : -errno;
}
static void set(int s, int what, int n) {
    show(what == SO_TIMESTAMP ? "timestamp" : "timestampns", setsockopt(s, SOL_SOCKET, what, &n, sizeof n));
    say("timestamp %d, timestampns %d", option(s, SO_TIMESTAMP), option(s, SO_TIMESTAMPNS));
}
static void receive(int s) {
    char buf[8], control[64];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    show("recvmsg", recvmsg(s, &m, 0));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    say("with %s", !c ? "nothing" : c->cmsg_type == SCM_TIMESTAMP ? "a time in us" : c->cmsg_type == SCM_TIMESTAMPNS ? "a time in ns" : "?");
}
// One more comes and is received; what SIOCGSTAMP then answers.
static struct timeval one(int s, int r, const char *what) {
    struct timeval then = {0};
    MUST(send(s, "a", 1, 0) == 1);
    receive(r);
    show(what, ioctl(r, SIOCGSTAMP, &then));
    return then;
}
static void times(void) {
    struct sockaddr_in a;
    int r = receiver(&a), s = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval first, then;
    MUST(connect(s, (void *)&a, sizeof a) == 0);
    show("nothing came", ioctl(r, SIOCGSTAMP, &then));
    set(r, SO_TIMESTAMP, 1);
    one(s, r, "it came with its time");
    set(r, SO_TIMESTAMPNS, 1);
    one(s, r, "it came with its time");
    set(r, SO_TIMESTAMP, 0);
    first = one(s, r, "it came without");
    set(r, SO_TIMESTAMP, 1);
    then = one(s, r, "the one before");
    yes("the same", first.tv_sec == then.tv_sec && first.tv_usec == then.tv_usec);
    set(r, SO_TIMESTAMPNS, 0);
    close(s);
    close(r);
}

int main(void) {
    families();
    times();
    return 0;
}
