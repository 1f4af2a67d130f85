// Datagrams by name: sender's address, connected sockets, a queue that fills, a receiver that goes.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un addr(const char *p) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, p);
    return a;
}

int main(void) {
    struct sockaddr_un a = addr("a"), b = addr("b"), from;
    socklen_t n;
    char buf[32];
    int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0), t = socket(AF_UNIX, SOCK_DGRAM, 0);
    MUST(bind(r, (void *)&a, sizeof a) == 0);
    show("send without destination", send(s, "x", 1, 0));
    show("unnamed sender", sendto(s, "hi", 2, 0, (void *)&a, sizeof a));
    n = sizeof from;
    show("recvfrom", recvfrom(r, buf, 32, 0, (void *)&from, &n));
    say("name length %d", (int)n);
    MUST(bind(s, (void *)&b, sizeof b) == 0);
    show("named sender", sendto(s, "hello", 5, 0, (void *)&a, sizeof a));
    n = sizeof from;
    show("recvfrom", recvfrom(r, buf, 32, 0, (void *)&from, &n));
    say("name length %d \"%s\"", (int)n, from.sun_path);
    show("connect", connect(s, (void *)&a, sizeof a));
    show("send", send(s, "abc", 3, 0));
    show("recv", recv(r, buf, 32, 0));
    show("receiver connects elsewhere", connect(r, (void *)&a, sizeof a));
    show("send", send(s, "abc", 3, 0));
    struct sockaddr un = {.sa_family = AF_UNSPEC};
    show("receiver disconnects", connect(r, &un, sizeof un));
    int k = 0;
    while (send(s, "x", 1, MSG_DONTWAIT) == 1) k++;
    say("queued %d then %s", k, errname(errno));
    show("another sender", sendto(t, "x", 1, MSG_DONTWAIT, (void *)&a, sizeof a));
    pid_t pid = fork();
    if (pid == 0) {
        show("blocked send", send(s, "last", 4, 0));
        _exit(0);
    }
    settle(pid);
    int got = 0;
    for (int i = 0; i < k + 1; i++) got += recv(r, buf, 32, 0) > 0;
    reap("sender", pid);
    say("all %d", got == k + 1);
    show("listen", listen(r, 1));
    show("accept", accept(r, NULL, NULL));
    close(r);
    show("receiver gone", send(s, "x", 1, 0));
    show("no longer connected", send(s, "x", 1, 0));
    show("sendto", sendto(s, "x", 1, 0, (void *)&a, sizeof a));
    unlink("a");
    show("sendto", sendto(s, "x", 1, 0, (void *)&a, sizeof a));
}
