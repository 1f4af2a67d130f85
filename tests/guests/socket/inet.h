// Sockets of the loopback: names that the kernel picks, and a connected pair of TCP, which is what socketpair gives for AF_UNIX.
#ifndef INET_H
#define INET_H
#include "../guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define LOOPBACK ((struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)})

// Binds to an address with any port, and learns which.
static inline void bind_here(int fd, void *addr, socklen_t len) {
    MUST(bind(fd, addr, len) == 0 && getsockname(fd, addr, &len) == 0);
}

static inline struct sockaddr_in name_of(int fd) {
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    MUST(getsockname(fd, (void *)&a, &len) == 0);
    return a;
}

static inline void tcp(int s[2]) {
    struct sockaddr_in a = LOOPBACK;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    bind_here(l, &a, sizeof a);
    MUST(listen(l, 1) == 0 && connect(s[0], (void *)&a, sizeof a) == 0);
    s[1] = accept(l, NULL, NULL);
    close(l);
}
#endif
