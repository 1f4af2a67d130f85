// Epolls that watch epolls: readiness through the levels, circles, depth.
#include "../guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int add(int e, int fd, unsigned events) {
    struct epoll_event ev = {.events = events, .data.fd = fd};
    return epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev);
}

int main(void) {
    int outer = epoll_create1(0), inner = epoll_create1(0), v = eventfd(0, EFD_NONBLOCK);
    struct epoll_event ev;
    uint64_t one = 1;
    show("inner into outer", add(outer, inner, EPOLLIN));
    show("eventfd into inner", add(inner, v, EPOLLIN));
    show("outer while nothing", epoll_wait(outer, &ev, 1, 0));
    MUST(write(v, &one, 8) == 8);
    show("outer after a write", epoll_wait(outer, &ev, 1, 1000));
    yes("it names inner", ev.data.fd == inner && ev.events == EPOLLIN);
    struct pollfd p = {outer, POLLIN, 0};
    show("poll on outer", poll(&p, 1, 1000));
    show("inner", epoll_wait(inner, &ev, 1, 0));
    MUST(read(v, &one, 8) == 8);
    show("outer after the read", epoll_wait(outer, &ev, 1, 0));
    show("poll on outer", poll(&p, 1, 0));

    show("circle of two", add(inner, outer, EPOLLIN));
    show("exclusive on an epoll", add(inner, epoll_create1(0), EPOLLIN | EPOLLEXCLUSIVE));
    int chain[8];
    for (int i = 0; i < 8; i++) chain[i] = epoll_create1(0);
    for (int i = 1; i < 8; i++) {
        char what[32];
        snprintf(what, sizeof what, "level %d from below", i);
        show(what, add(chain[i], chain[i - 1], EPOLLIN));
    }
    for (int i = 0; i < 8; i++) chain[i] = epoll_create1(0);
    for (int i = 6; i >= 0; i--) {
        char what[32];
        snprintf(what, sizeof what, "level %d from above", 7 - i);
        show(what, add(chain[i + 1], chain[i], EPOLLIN));
    }
}
