// splice with files that are no streams of bytes is EINVAL at once, even when the pipe has nothing to give.
#include "../guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

int main(void) {
    int p[2];
    sigset_t none;
    sigemptyset(&none);
    MUST(pipe(p) == 0);
    struct {
        const char *name;
        int fd;
    } kinds[] = {
        {"epoll", epoll_create1(0)},
        {"eventfd", eventfd(3, 0)},
        {"signalfd", signalfd(-1, &none, 0)},
        {"timerfd", timerfd_create(CLOCK_MONOTONIC, 0)},
        {"pidfd", syscall(SYS_pidfd_open, getpid(), 0)},
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        MUST(kinds[i].fd >= 0);
        say("%s", kinds[i].name);
        show("to", splice(p[0], NULL, kinds[i].fd, NULL, 1, 0));
        show("from", splice(kinds[i].fd, NULL, p[1], NULL, 1, 0));
    }
    int in = inotify_init1(0);
    show("from inotify", splice(in, NULL, p[1], NULL, 1, 0));
    show("to inotify, which cannot be written", splice(p[0], NULL, in, NULL, 1, 0));
    uint64_t count = 0;
    show("the eventfd has it still", read(kinds[1].fd, &count, 8));
    say("%d", (int)count);
}
