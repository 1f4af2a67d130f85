// One thread sleeps in epoll_wait while others write, add, modify and close.
#include "../guest.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int e, v, step[2];
// While the call that adds it still runs, the file is in use.
static volatile int added;

static void *worker(void *arg) {
    (void)arg;
    char c;
    uint64_t one = 1;
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 1};
    usleep(20000);
    epoll_ctl(e, EPOLL_CTL_ADD, v, &ev); // not ready
    usleep(20000);
    MUST(write(v, &one, 8) == 8); // 1: a write
    MUST(read(step[0], &c, 1) == 1);
    ev.data.u32 = 2;
    usleep(20000);
    int ready = eventfd(1, 0);
    epoll_ctl(e, EPOLL_CTL_ADD, ready, &ev); // 2: an item that is ready when it is added
    added = 1;
    MUST(read(step[0], &c, 1) == 1);
    usleep(20000);
    ev.data.u32 = 3;
    ev.events = EPOLLOUT;
    epoll_ctl(e, EPOLL_CTL_MOD, v, &ev); // 3: ready for something else
    return NULL;
}

int main(void) {
    pthread_t t;
    uint64_t n;
    struct epoll_event ev[4];
    e = epoll_create1(0);
    v = eventfd(0, 0);
    MUST(pipe(step) == 0);
    pthread_create(&t, NULL, worker, NULL);
    for (int i = 1; i <= 3; i++) {
        int got = epoll_wait(e, ev, 4, 5000);
        say("step %d: %d, data %u, events %#x", i, got, ev[0].data.u32, ev[0].events);
        if (i == 1) MUST(read(v, &n, 8) == 8);
        if (i == 2) {
            while (!added) usleep(1000);
            // Closed without removal: it leaves the list with its last descriptor.
            for (int fd = 3; fd < 64; fd++)
                if (fd != e && fd != v && fd != step[0] && fd != step[1]) close(fd);
            show("after the close", epoll_wait(e, ev, 4, 0));
        }
        if (i < 3) MUST(write(step[1], "x", 1) == 1);
    }
    pthread_join(t, NULL);
}
