// A connected pair of TCP sockets over the loopback: what socketpair gives for AF_UNIX.
#ifndef TCP_H
#define TCP_H
#include "../guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static inline void tcp(int s[2]) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    MUST(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 1) == 0 && getsockname(l, (void *)&a, &n) == 0);
    MUST(connect(s[0], (void *)&a, sizeof a) == 0);
    s[1] = accept(l, NULL, NULL);
    close(l);
}
#endif
