// TCP over the loopback: ports, names, echo between processes, refusal, addresses that are not there.
#include "../guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static struct sockaddr_in in(const char *ip, int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

int main(void) {
    struct sockaddr_in a = in("127.0.0.1", 0), b;
    socklen_t n = sizeof b;
    char buf[32] = {0};
    int l = socket(AF_INET, SOCK_STREAM, 0);
    getsockname(l, (void *)&b, &n);
    say("unbound: %s:%d len %d", inet_ntoa(b.sin_addr), ntohs(b.sin_port), (int)n);
    show("bind", bind(l, (void *)&a, sizeof a));
    n = sizeof a;
    getsockname(l, (void *)&a, &n);
    say("bound: %s port %d", inet_ntoa(a.sin_addr), ntohs(a.sin_port) >= 1024);
    show("bind twice", bind(l, (void *)&a, sizeof a));
    int c = socket(AF_INET, SOCK_STREAM, 0);
    show("nobody listens", connect(c, (void *)&a, sizeof a));
    show("listen", listen(l, 8));
    int m = socket(AF_INET, SOCK_STREAM, 0);
    show("port taken", bind(m, (void *)&a, sizeof a));
    struct sockaddr_in any = in("0.0.0.0", ntohs(a.sin_port)), other = in("127.0.0.2", ntohs(a.sin_port));
    show("port taken, any", bind(m, (void *)&any, sizeof any));
    show("port on another address", bind(m, (void *)&other, sizeof other));
    struct sockaddr_in far = in("192.0.2.1", 0);
    int o = socket(AF_INET, SOCK_STREAM, 0);
    show("address that is not here", bind(o, (void *)&far, sizeof far));
    pid_t pid = fork();
    if (pid == 0) {
        close(l);
        int k = socket(AF_INET, SOCK_STREAM, 0);
        MUST(connect(k, (void *)&a, sizeof a) == 0);
        n = sizeof b;
        getpeername(k, (void *)&b, &n);
        write(k, "hello", 5);
        shutdown(k, SHUT_WR);
        n = recv(k, buf, 32, MSG_WAITALL);
        say("client's peer is the listener: %d", b.sin_port == a.sin_port);
        say("client got %d \"%s\"", (int)n, buf);
        _exit(0);
    }
    n = sizeof b;
    int s = accept(l, (void *)&b, &n);
    say("accepted from %s len %d", inet_ntoa(b.sin_addr), (int)n);
    while ((n = read(s, buf, 32)) > 0) write(s, buf, n), write(s, "!", 1);
    close(s);
    reap("client", pid);
    show("client again", connect(c, (void *)&a, sizeof a));
    show("and again", connect(c, (void *)&a, sizeof a));
    show("send with address", sendto(c, "x", 1, 0, (void *)&a, sizeof a));
    show("listen when connected", listen(c, 1));
    show("recv unconnected", recv(o, buf, 1, 0));
    show("send unconnected", send(o, "x", 1, MSG_NOSIGNAL));
    show("getpeername", getpeername(o, (void *)&b, &n));
    show("accept", accept(o, NULL, NULL));
    show("short address", connect(o, (void *)&a, 8));
    a.sin_family = AF_INET6;
    show("wrong family", connect(o, (void *)&a, sizeof a));
    struct sockaddr_in zero = in("0.0.0.0", ntohs(a.sin_port));
    show("connect to any", connect(o, (void *)&zero, sizeof zero));
    show("accept bad flags", accept4(l, NULL, NULL, 1));
}
