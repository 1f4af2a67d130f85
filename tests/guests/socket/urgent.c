// Urgent data of TCP: it stops ordinary reads, is read once with MSG_OOB, and shows in poll, SIOCATMARK and FIONREAD.
#include "inet.h"
#include <poll.h>
#include <sys/ioctl.h>

static int a, b;

static void connect_both(void) {
    int s[2];
    tcp(s);
    a = s[0];
    b = s[1];
}

static void look(const char *when) {
    int mark = -1, n = -1;
    struct pollfd p = {b, POLLIN | POLLPRI, 0};
    poll(&p, 1, 0);
    ioctl(b, SIOCATMARK, &mark);
    ioctl(b, FIONREAD, &n);
    say("%s: poll %x, mark %d, unread %d", when, p.revents, mark, n);
}

static void read_some(const char *what, int flags) {
    char buf[32] = "";
    ssize_t n = recv(b, buf, sizeof buf - 1, flags | MSG_DONTWAIT);
    if (n < 0) say("%s -> %s", what, errname(errno));
    else say("%s -> %zd \"%s\"", what, n, buf);
}

int main(void) {
    connect_both();
    look("nothing");
    read_some("no urgent byte", MSG_OOB);
    show("send", send(a, "abcX", 4, MSG_OOB));
    show("more", send(a, "def", 3, 0));
    struct pollfd p = {b, POLLIN, 0};
    while (poll(&p, 1, -1) == 1) {
        char seven[8];
        if (recv(b, seven, 8, MSG_PEEK) == 3) break;
    }
    look("before the mark");
    read_some("peek", MSG_PEEK);
    read_some("urgent, peek", MSG_OOB | MSG_PEEK);
    read_some("urgent", MSG_OOB);
    read_some("urgent again", MSG_OOB);
    look("urgent byte was read");
    read_some("up to the mark", 0);
    look("at the mark");
    read_some("beyond the mark", 0);
    look("beyond");
    read_some("nothing left", 0);

    // One that is not read out of turn is lost when it is passed.
    send(a, "Y", 1, MSG_OOB);
    p = (struct pollfd){b, POLLPRI, 0};
    MUST(poll(&p, 1, 5000) == 1);
    look("only an urgent byte");
    send(a, "z", 1, 0);
    p.events = POLLIN;
    MUST(poll(&p, 1, 5000) == 1);
    read_some("skips it", 0);
    read_some("it is gone", MSG_OOB);
    close(a);
    close(b);

    connect_both();
    int on = 1;
    setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    send(a, "12U", 3, MSG_OOB);
    send(a, "34", 2, 0);
    close(a);
    char five[6];
    while (recv(b, five, 5, MSG_PEEK) < 2) {}
    read_some("inline, out of turn", MSG_OOB);
    read_some("inline, before", 0);
    look("inline, at the mark");
    char rest[8] = "";
    int n = recv(b, rest, 3, MSG_WAITALL);
    say("inline, rest %d %s", n, rest);
    int u[2], d = socket(AF_INET, SOCK_DGRAM, 0);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, u);
    show("unix datagram send", send(u[0], "x", 1, MSG_OOB));
    show("unix datagram receive", recv(u[0], five, 1, MSG_OOB | MSG_DONTWAIT));
    show("udp send", send(d, "x", 1, MSG_OOB));
    show("udp receive", recv(d, five, 1, MSG_OOB | MSG_DONTWAIT));
}
