// epoll: level and edge triggering, one shot, modification, removal, duplicates, closing, nesting errors.
#include "../guest.h"
#include <sys/epoll.h>

static void look(const char *what, int e) {
    struct epoll_event ev[4];
    int n = epoll_wait(e, ev, 4, 0);
    say("%s: %d%s", what, n, n > 0 ? (ev[0].events & EPOLLIN ? " IN" : ev[0].events & EPOLLOUT ? " OUT" : " other") : "");
    if (n > 0) say("  data %llx, hup %d", (unsigned long long)ev[0].data.u64, !!(ev[0].events & EPOLLHUP));
}

int main(void) {
    int e = epoll_create1(EPOLL_CLOEXEC), p[2];
    char b[8];
    MUST(pipe(p) == 0);
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 0x1122334455667788ull};
    show("add", epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev));
    show("add again", epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev));
    look("empty", e);
    MUST(write(p[1], "ab", 2) == 2);
    look("level", e);
    look("level", e);
    ev.events = EPOLLIN | EPOLLET;
    show("modify to edge", epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev));
    look("edge, first", e);
    look("edge, second", e);
    MUST(write(p[1], "c", 1) == 1);
    look("edge, new data", e);
    ev.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev);
    look("one shot", e);
    look("one shot, spent", e);
    epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev);
    look("rearmed", e);
    ev.events = EPOLLIN;
    epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev);
    MUST(read(p[0], b, 8) == 3);
    close(p[1]);
    look("writer gone", e);
    show("delete", epoll_ctl(e, EPOLL_CTL_DEL, p[0], NULL));
    show("delete again", epoll_ctl(e, EPOLL_CTL_DEL, p[0], NULL));
    show("modify what is not there", epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev));
    show("itself", epoll_ctl(e, EPOLL_CTL_ADD, e, &ev));
    show("a file", epoll_ctl(e, EPOLL_CTL_ADD, open("f", O_RDWR | O_CREAT, 0600), &ev));
    show("closed", epoll_ctl(e, EPOLL_CTL_ADD, 99, &ev));
    show("not an epoll", epoll_ctl(p[0], EPOLL_CTL_ADD, 0, &ev));
    show("unknown operation", epoll_ctl(e, 9, p[0], &ev));
    show("create flags", epoll_create1(1));
    show("create 0", epoll_create(0));
}
