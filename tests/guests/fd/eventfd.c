// eventfd: counting, semaphore mode, nonblocking limits, poll, blocking over fork, errors.
#include "../guest.h"
#include <poll.h>
#include <sys/eventfd.h>

static void rd(int fd) {
    uint64_t v = 0;
    ssize_t n = read(fd, &v, 8);
    if (n == 8)
        say("read %llu", (unsigned long long)v);
    else
        show("read", n);
}
static void wr(int fd, uint64_t v) { show("write", write(fd, &v, 8)); }
static void events(int fd) {
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    poll(&p, 1, 0);
    say("events %#x", p.revents);
}

int main(void) {
    int fd = eventfd(3, EFD_NONBLOCK);
    events(fd);
    rd(fd);
    rd(fd);
    events(fd);
    wr(fd, 5);
    wr(fd, 6);
    rd(fd);
    wr(fd, ~0ull);
    wr(fd, ~0ull - 1);
    wr(fd, 1);
    events(fd);
    rd(fd);
    int sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    rd(sem), rd(sem), rd(sem);
    char small[4];
    show("short read", read(fd, small, 4));
    show("short write", write(fd, small, 4));
    show("flags", eventfd(0, 0x10));
    int block = eventfd(0, 0);
    pid_t pid = fork();
    if (pid == 0) {
        uint64_t v;
        MUST(read(block, &v, 8) == 8);
        _exit((int)v);
    }
    settle(pid);
    wr(block, 42);
    reap("reader", pid);
}
