// UDP over the loopback: addresses, connected sockets, refusal, borders, MSG_TRUNC.
#include "inet.h"
#include <sys/ioctl.h>

int main(void) {
    struct sockaddr_in a = LOOPBACK, b, from;
    socklen_t n = sizeof a;
    char buf[64];
    int r = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);
    bind_here(r, &a, sizeof a);
    show("no destination", send(s, "x", 1, 0));
    show("sendto", sendto(s, "hello", 5, 0, (void *)&a, sizeof a));
    n = sizeof b;
    getsockname(s, (void *)&b, &n);
    say("sender bound to %s port %d", inet_ntoa(b.sin_addr), b.sin_port != 0);
    n = sizeof from;
    show("recvfrom", recvfrom(r, buf, 64, 0, (void *)&from, &n));
    say("from %s same port %d len %d", inet_ntoa(from.sin_addr), from.sin_port == b.sin_port, (int)n);
    show("reply", sendto(r, "reply", 5, 0, (void *)&from, sizeof from));
    show("recv", recv(s, buf, 64, 0));
    show("empty", sendto(s, "", 0, 0, (void *)&a, sizeof a));
    show("recv empty", recv(r, buf, 64, 0));
    show("write", sendto(s, "0123456789", 10, 0, (void *)&a, sizeof a));
    sleep_ms(5);
    int k;
    ioctl(r, FIONREAD, &k);
    say("FIONREAD %d", k);
    show("cut", recv(r, buf, 4, MSG_TRUNC));
    show("nothing", recv(r, buf, 4, MSG_DONTWAIT));
    show("connect", connect(s, (void *)&a, sizeof a));
    n = sizeof b;
    getsockname(s, (void *)&b, &n);
    say("now bound to %s", inet_ntoa(b.sin_addr));
    show("send", send(s, "abc", 3, 0));
    show("recv", recv(r, buf, 64, 0));
    int o = socket(AF_INET, SOCK_DGRAM, 0);
    sendto(o, "stranger", 8, 0, (void *)&b, sizeof b);
    sleep_ms(5);
    show("stranger is not heard", recv(s, buf, 64, MSG_DONTWAIT));
    close(r);
    show("send to nobody", send(s, "abc", 3, 0));
    sleep_ms(5);
    show("refused", send(s, "abc", 3, 0));
    show("send", send(s, "abc", 3, 0));
    sleep_ms(5);
    show("refused", recv(s, buf, 4, 0));
    show("unconnected does not hear", sendto(o, "x", 1, 0, (void *)&a, sizeof a));
    sleep_ms(5);
    show("nothing", recv(o, buf, 4, MSG_DONTWAIT));
    struct sockaddr un = {.sa_family = AF_UNSPEC};
    show("disconnect", connect(s, &un, sizeof un));
    show("getpeername", getpeername(s, (void *)&b, &n));
    static char big[70000];
    show("too long", sendto(o, big, 65508, 0, (void *)&a, sizeof a));
    a.sin_port = 0;
    show("port 0", sendto(o, "x", 1, 0, (void *)&a, sizeof a));
    show("listen", listen(o, 1));
    show("accept", accept(o, NULL, NULL));
}
