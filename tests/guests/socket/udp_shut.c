// A datagram socket that is shut for reading: who waits gets an end, who does not gets none, and what comes is still read.
#include "inet.h"
#include <poll.h>
#include <pthread.h>

static int bound(struct sockaddr_in *a) {
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    *a = LOOPBACK;
    bind_here(s, a, sizeof *a);
    return s;
}
static void look(const char *what, int s) {
    struct pollfd p = {s, POLLIN | POLLOUT | POLLRDHUP, 0};
    int n = poll(&p, 1, 0);
    say("%s: %d%s%s%s%s%s", what, n, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "", p.revents & POLLRDHUP ? " RDHUP" : "",
        p.revents & POLLHUP ? " HUP" : "", p.revents & POLLERR ? " ERR" : "");
}
static volatile pid_t waiter;
static void *receives(void *arg) {
    char buf[16];
    waiter = syscall(SYS_gettid);
    return (void *)recv(*(int *)arg, buf, sizeof buf, 0);
}

static void connected(void) {
    struct sockaddr_in a, b;
    int s = bound(&a), other = bound(&b);
    char buf[16];
    MUST(connect(s, (void *)&b, sizeof b) == 0 && connect(other, (void *)&a, sizeof a) == 0);
    pthread_t t;
    MUST(pthread_create(&t, NULL, receives, &s) == 0);
    while (!waiter) sched_yield();
    settle_task(getpid(), waiter);
    show("shut", shutdown(s, SHUT_RD));
    void *waited;
    pthread_join(t, &waited);
    show("waiting", (long)waited);
    look("shut", s);
    show("recv", recv(s, buf, sizeof buf, 0));
    show("read", read(s, buf, sizeof buf));
    show("peek", recv(s, buf, sizeof buf, MSG_PEEK));
    show("recv, not waiting", recv(s, buf, sizeof buf, MSG_DONTWAIT));
    struct timeval soon = {0, 1000};
    MUST(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) == 0);
    show("recv, waiting for a while", recv(s, buf, sizeof buf, 0));
    show("send", send(s, "x", 1, 0));
    show("is received", recv(other, buf, sizeof buf, 0));
    show("other sends", send(other, "abc", 3, 0));
    show("recv", recv(s, buf, sizeof buf, 0));
    show("recv", recv(s, buf, sizeof buf, 0));
    MUST(fcntl(s, F_SETFL, O_NONBLOCK) == 0);
    show("recv, nonblocking", recv(s, buf, sizeof buf, 0));
    show("read, nonblocking", read(s, buf, sizeof buf));
    MUST(fcntl(s, F_SETFL, 0) == 0);
    show("connect again", connect(s, (void *)&b, sizeof b));
    show("recv", recv(s, buf, sizeof buf, 0));
    show("shut writing", shutdown(s, SHUT_WR));
    look("shut", s);
    show("send", send(s, "x", 1, MSG_NOSIGNAL));
    close(s);
    close(other);
}

static void unconnected(void) {
    struct sockaddr_in a;
    int s = bound(&a);
    char buf[16];
    show("shut", shutdown(s, SHUT_RD));
    look("shut", s);
    show("recv", recv(s, buf, sizeof buf, 0));
    show("recv, not waiting", recv(s, buf, sizeof buf, MSG_DONTWAIT));
    show("shut in no way", shutdown(s, 3));
    close(s);
    s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    show("shut", shutdown(s, SHUT_RD));
    show("read, nonblocking", read(s, buf, sizeof buf));
    close(s);
}

int main(void) {
    connected();
    unconnected();
    return 0;
}
