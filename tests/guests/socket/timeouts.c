// SO_RCVTIMEO and SO_SNDTIMEO end a wait with EAGAIN.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

int main(void) {
    int s[2];
    char b[4096];
    struct timeval tv = {0, 50000};
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    long t = now_ms();
    show("read", read(s[0], b, 1));
    show("recv", recv(s[0], b, 1, 0));
    say("waited %d", now_ms() - t >= 95);
    write(s[1], "ab", 2);
    show("waitall", recv(s[0], b, 10, MSG_WAITALL));
    t = now_ms();
    memset(b, 0, sizeof b);
    int n;
    while ((n = send(s[0], b, sizeof b, 0)) == (int)sizeof b) {}
    if (n >= 0) n = send(s[0], b, sizeof b, 0);
    show("send", n);
    say("waited %d", now_ms() - t >= 45);
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "l"};
    MUST(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 0) == 0);
    setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    show("accept", accept(l, NULL, NULL));
    int c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_STREAM, 0);
    setsockopt(d, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    show("connect", connect(c, (void *)&a, sizeof a));
    show("backlog full", connect(d, (void *)&a, sizeof a));
    fcntl(d, F_SETFL, O_NONBLOCK);
    show("backlog full, nonblock", connect(d, (void *)&a, sizeof a));
    MUST(accept(l, NULL, NULL) >= 0);
    show("room", connect(d, (void *)&a, sizeof a));
}
