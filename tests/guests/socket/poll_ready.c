// poll on sockets: what is ready when, and waking up when it becomes so.
#include "../guest.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static void look(const char *what, int fd) {
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND | POLLPRI, 0};
    poll(&p, 1, 0);
    say("%s: %x", what, p.revents);
}

int main(void) {
    int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}, s[2];
    static char b[4096];
    for (int i = 0; i < 3; i++) {
        say("type %d", types[i]);
        look("alone", socket(AF_UNIX, types[i], 0));
        MUST(socketpair(AF_UNIX, types[i], 0, s) == 0);
        look("fresh", s[0]);
        write(s[1], "x", 1);
        look("one byte", s[0]);
        recv(s[0], b, 1, 0);
        look("read", s[0]);
        while (send(s[0], b, sizeof b, MSG_DONTWAIT) > 0) {}
        look("full", s[0]);
        recv(s[1], b, sizeof b, 0);
        look("one read", s[0]);
        while (recv(s[1], b, sizeof b, MSG_DONTWAIT) > 0) {}
        look("all read", s[0]);
        close(s[1]);
        look("closed", s[0]);
        close(s[0]);
    }
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "l"};
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 1) == 0);
    look("listening", l);
    MUST(connect(c, (void *)&a, sizeof a) == 0);
    look("connection waits", l);
    close(l);
    look("reset", c);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    while (send(s[0], b, sizeof b, MSG_DONTWAIT) > 0) {}
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        settle(me);
        while (recv(s[1], b, sizeof b, MSG_DONTWAIT) > 0) {}
        settle(me);
        write(s[1], "y", 1);
        _exit(0);
    }
    struct pollfd p = {s[0], POLLOUT, 0};
    show("poll out", poll(&p, 1, 5000));
    p.events = POLLIN;
    show("poll in", poll(&p, 1, 5000));
    reap("reader", pid);
}
