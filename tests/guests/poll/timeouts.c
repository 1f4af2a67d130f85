// Timeouts of poll, ppoll, select, pselect and epoll_wait: zero, positive, what is written back, errors.
#include "../guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

int main(void) {
    int p[2];
    MUST(pipe(p) == 0);
    struct pollfd pf = {p[0], POLLIN, 0};
    struct timespec ts = {0, 20000000}, bad = {0, 1000000000};
    struct timeval tv = {0, 20000}, negative = {-1, 0};
    fd_set r;
    long t = now_ms();
    show("poll 0", poll(&pf, 1, 0));
    show("poll 20", poll(&pf, 1, 20));
    yes("waited", now_ms() - t >= 19);
    show("no descriptors", poll(NULL, 0, 5));
    t = now_ms();
    show("ppoll", ppoll(&pf, 1, &ts, NULL));
    yes("waited", now_ms() - t >= 19);
    show("ppoll bad time", ppoll(&pf, 1, &bad, NULL));
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    show("select", select(p[0] + 1, &r, NULL, NULL, &tv));
    say("set cleared %d, time left %ld", !FD_ISSET(p[0], &r), (long)(tv.tv_sec * 1000000 + tv.tv_usec));
    show("select negative", select(0, NULL, NULL, NULL, &negative));
    show("select -1 descriptors", select(-1, NULL, NULL, NULL, NULL));
    FD_SET(99, &r);
    show("select closed number", select(100, &r, NULL, NULL, &(struct timeval){0, 0}));
    show("pselect", pselect(0, NULL, NULL, NULL, &(struct timespec){0, 1000}, NULL));
    MUST(write(p[1], "x", 1) == 1);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    fd_set w = r;
    FD_SET(p[1], &w);
    show("select two ready", select(p[1] + 1, &r, &w, NULL, NULL));
    say("read %d, write %d, write end of the reader %d", !!FD_ISSET(p[0], &r), !!FD_ISSET(p[1], &w), !!FD_ISSET(p[0], &w));
    int e = epoll_create1(0);
    struct epoll_event ev;
    t = now_ms();
    show("epoll_wait", epoll_wait(e, &ev, 1, 20));
    yes("waited", now_ms() - t >= 19);
    show("epoll_wait 0 events", epoll_wait(e, &ev, 0, 0));
}
