// What an entry is: a file and a descriptor number. It lives as long as the file, not the descriptor.
#include "../guest.h"
#include <sys/epoll.h>

static int ctl(int e, int op, int fd, unsigned events, uint64_t data) {
    struct epoll_event ev = {.events = events, .data.u64 = data};
    return epoll_ctl(e, op, fd, &ev);
}

static void look(const char *what, int e) {
    struct epoll_event ev[8];
    int n = epoll_wait(e, ev, 8, 0);
    unsigned long long sum = 0;
    for (int i = 0; i < n; i++) sum += ev[i].data.u64;
    say("%s: %d, data sum %llu", what, n, sum);
}

int main(void) {
    int e = epoll_create1(0), p[2], q[2];
    MUST(pipe(p) == 0 && pipe(q) == 0);
    int d = dup(p[0]);
    MUST(write(p[1], "x", 1) == 1);
    show("add", ctl(e, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    show("add the copy", ctl(e, EPOLL_CTL_ADD, d, EPOLLIN, 10));
    look("both", e);
    close(p[0]);
    look("one closed: its entry stays", e);
    show("but has no name", ctl(e, EPOLL_CTL_DEL, p[0], 0, 0));
    show("the number for another file", dup2(q[0], p[0]));
    show("add that", ctl(e, EPOLL_CTL_ADD, p[0], EPOLLIN, 100));
    look("three entries, two ready", e);
    close(d);
    look("the file is gone", e);
    MUST(write(q[1], "x", 1) == 1);
    look("the other one", e);
    if (fork() == 0) {
        look("child", e);
        show("the child removes it", ctl(e, EPOLL_CTL_DEL, p[0], 0, 0));
        _exit(0);
    }
    wait(NULL);
    look("for the parent too", e);

    struct epoll_event ev[4];
    for (int i = 0; i < 4; i++) {
        int r[2];
        MUST(pipe(r) == 0);
        MUST(write(r[1], "x", 1) == 1);
        ctl(e, EPOLL_CTL_ADD, r[0], EPOLLIN, 1000 + i);
    }
    for (int round = 0; round < 4; round++) {
        int n = epoll_wait(e, ev, 1, 0);
        say("in turns: %d, %d", n, (int)ev[0].data.u64);
    }
    show("too few", epoll_wait(e, ev, 0, 0));
    show("bad address", syscall(SYS_epoll_wait, e, -4096L, 1, 0));
    show("no address", syscall(SYS_epoll_wait, e, NULL, 1, 0));
    show("not an epoll", epoll_wait(q[0], ev, 1, 0));
    show("no event", epoll_ctl(e, EPOLL_CTL_ADD, q[0], NULL));
    show("exclusive with one shot", ctl(e, EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0));
    show("exclusive", ctl(e, EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLEXCLUSIVE, 0));
    show("modify exclusive", ctl(e, EPOLL_CTL_MOD, q[0], EPOLLIN, 0));
    show("/dev/null", ctl(e, EPOLL_CTL_ADD, open("/dev/null", O_RDWR), EPOLLIN, 0));
    show("a directory", ctl(e, EPOLL_CTL_ADD, open("/", O_RDONLY), EPOLLIN, 0));
    show("O_PATH", ctl(e, EPOLL_CTL_ADD, open("/", O_PATH), EPOLLIN, 0));
}
