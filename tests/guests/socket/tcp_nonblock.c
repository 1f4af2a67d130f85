// Non-blocking connect: EINPROGRESS, then poll and SO_ERROR tell.
#include "inet.h"
#include <poll.h>

static void go(const char *what, struct sockaddr_in *a) {
    int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), e = -1;
    socklen_t n = sizeof e;
    say("%s", what);
    show("connect", connect(c, (void *)a, sizeof *a));
    struct pollfd p = {c, POLLOUT | POLLIN, 0};
    show("poll", poll(&p, 1, 1000));
    say("out %d in %d err %d hup %d", !!(p.revents & POLLOUT), !!(p.revents & POLLIN), !!(p.revents & POLLERR), !!(p.revents & POLLHUP));
    getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n);
    say("error %s", errname(e));
    show("connect again", connect(c, (void *)a, sizeof *a));
    show("and again", connect(c, (void *)a, sizeof *a));
    char b;
    show("recv", recv(c, &b, 1, 0));
    close(c);
}

int main(void) {
    struct sockaddr_in a = LOOPBACK;
    int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bind_here(l, &a, sizeof a);
    show("accept before listen", accept(l, NULL, NULL));
    MUST(listen(l, 4) == 0);
    show("accept nothing", accept(l, NULL, NULL));
    go("listening", &a);
    int s = accept4(l, NULL, NULL, SOCK_NONBLOCK);
    say("accepted nonblock %d", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
    int t = accept(l, NULL, NULL);
    show("accept nothing", t);
    close(l);
}
