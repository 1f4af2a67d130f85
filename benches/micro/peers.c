// Rows of two that talk to each other: processes over pipes and sockets, threads over a futex.
#include "micro.h"
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int to = -1, from = -1;
static pid_t peer;

// Sends back every byte until the other side closes.
static void echo(int in, int out) {
    char c;
    while (read(in, &c, 1) == 1 && write(out, &c, 1) == 1) {}
    _exit(0);
}
static void pingpong_run(long n) {
    char c = 'p';
    while (n--)
        if (write(to, &c, 1) != 1 || read(from, &c, 1) != 1) die("ping-pong");
}
static void part(void) {
    close(to);
    if (from != to) close(from);
    waitpid(peer, NULL, 0);
}

static void pipes_start(void) {
    int there[2], back[2];
    must(pipe(there), "pipe");
    must(pipe(back), "pipe");
    peer = (pid_t)must(fork(), "fork");
    if (!peer) {
        close(there[1]);
        close(back[0]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    to = there[1], from = back[0];
}

static void unix_start(void) {
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    peer = (pid_t)must(fork(), "fork");
    if (!peer) {
        close(pair[0]);
        echo(pair[1], pair[1]);
    }
    close(pair[1]);
    to = from = pair[0];
}

static void no_delay(int s) {
    int on = 1;
    must(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}
static void tcp_start(void) {
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int listener = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    must(bind(listener, (struct sockaddr *)&addr, len), "bind");
    must(listen(listener, 1), "listen");
    must(getsockname(listener, (struct sockaddr *)&addr, &len), "getsockname");
    peer = (pid_t)must(fork(), "fork");
    if (!peer) {
        close(listener);
        int s = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
        must(connect(s, (struct sockaddr *)&addr, len), "connect");
        no_delay(s);
        echo(s, s);
    }
    to = from = (int)must(accept(listener, NULL, NULL), "accept");
    no_delay(to);
    close(listener);
}

// One side writes as fast as the other reads.
static void sink_start(void) {
    int ends[2];
    must(pipe(ends), "pipe");
    peer = (pid_t)must(fork(), "fork");
    if (!peer) {
        close(ends[1]);
        while (read(ends[0], data, sizeof data) > 0) {}
        _exit(0);
    }
    close(ends[0]);
    to = from = ends[1];
}
static void sink_run(long n) {
    while (n--)
        for (size_t done = 0; done < sizeof data;)
            done += (size_t)must(write(to, data + done, sizeof data - done), "write");
}

// Whose turn it is: 0 ours, 1 the other thread's, 2 the end.
static int turn;
static pthread_t thread;
static void hand_over(int whose) {
    __atomic_store_n(&turn, whose, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
static int await_change(int from_whom) {
    int now;
    while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) == from_whom)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, from_whom, NULL, NULL, 0);
    return now;
}
static void *other_thread(void *arg) {
    while (await_change(0) == 1) hand_over(0);
    return arg;
}
static void futex_start(void) {
    turn = 0;
    if (pthread_create(&thread, NULL, other_thread, NULL)) die("pthread_create");
}
static void futex_run(long n) {
    while (n--) {
        hand_over(1);
        await_change(1);
    }
}
static void futex_stop(void) {
    hand_over(2);
    pthread_join(thread, NULL);
}

const struct row peer_rows[] = {
    {"pipe_pingpong", pipes_start, pingpong_run, part},
    {"unix_pingpong", unix_start, pingpong_run, part},
    {"tcp_pingpong", tcp_start, pingpong_run, part},
    {"pipe_64k", sink_start, sink_run, part},
    {"futex_handoff", futex_start, futex_run, futex_stop},
    {0},
};
