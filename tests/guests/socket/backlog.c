// A listener's backlog: one connection more than it says is taken, who comes then waits, and is let in when there is room.
#include "inet.h"
#include <fcntl.h>
#include <poll.h>

static struct sockaddr_in at;

static int client(int *result) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    *result = connect(fd, (void *)&at, sizeof at) < 0 ? errno : 0;
    return fd;
}

static int ready(int fd, int wait) {
    struct pollfd p = {fd, POLLOUT, 0};
    poll(&p, 1, wait);
    return p.revents;
}

int main(void) {
    at = LOOPBACK;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    bind_here(l, &at, sizeof at);
    MUST(listen(l, 1) == 0);
    int fd[4], result;
    for (int i = 0; i < 3; i++) {
        fd[i] = client(&result);
        say("client %d: %s", i, errname(result));
        say("ready %x", ready(fd[i], i < 2 ? 5000 : 50));
    }
    int error = -1;
    socklen_t len = sizeof error;
    getsockopt(fd[2], SOL_SOCKET, SO_ERROR, &error, &len);
    say("no error yet %d", error);
    show("again", connect(fd[2], (void *)&at, sizeof at));
    struct sockaddr_in peer;
    len = sizeof peer;
    show("no peer yet", getpeername(fd[2], (void *)&peer, &len));
    char byte;
    show("nothing to read", recv(fd[2], &byte, 1, 0));
    show("cannot send", send(fd[2], "x", 1, MSG_NOSIGNAL));
    int one = accept(l, 0, 0);
    yes("accepted", one >= 0);
    say("let in %x", ready(fd[2], 5000));
    show("again", connect(fd[2], (void *)&at, sizeof at));
    show("and again", connect(fd[2], (void *)&at, sizeof at));
    show("send", send(fd[2], "x", 1, 0));
    // A blocking one waits, as long as its time limit says.
    int b = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(b, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){0, 100000}, sizeof(struct timeval));
    show("time limit", connect(b, (void *)&at, sizeof at));
    show("taken back", shutdown(b, SHUT_RDWR));
    close(b);
    for (int i = 0; i < 2; i++) {
        int c = accept(l, 0, 0);
        yes("accepted", c >= 0);
        close(c);
    }
}
