// SCM_RIGHTS: descriptors travel, also after the sender closed them; MSG_CTRUNC, MSG_CMSG_CLOEXEC.
#include "../guest.h"
#include <sys/socket.h>

static long pass(int s, int *fds, int n, const char *text) {
    char ctl[CMSG_SPACE(16 * sizeof(int))] = {0};
    struct iovec iov = {(void *)text, strlen(text)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    return sendmsg(s, &m, 0);
}

static int take(int s, int *fds, size_t room, int flags, int len) {
    char ctl[CMSG_SPACE(16 * sizeof(int))], buf[64];
    struct iovec iov = {buf, len};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = room};
    long n = recvmsg(s, &m, flags);
    struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
    int k = c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    say("recvmsg %ld flags %x controllen %d files %d", n, m.msg_flags & ~MSG_CMSG_CLOEXEC, (int)m.msg_controllen, k);
    if (c) memcpy(fds, CMSG_DATA(c), k * sizeof(int));
    return k;
}

int main(void) {
    int s[2], p[2], got[16], fds[4];
    char buf[8] = {0};
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    MUST(pipe(p) == 0);
    show("pass the write end", pass(s[0], &p[1], 1, "x"));
    close(p[1]);
    MUST(take(s[1], got, CMSG_SPACE(4), 0, 10) == 1);
    say("cloexec %d", fcntl(got[0], F_GETFD));
    write(got[0], "through", 7);
    close(got[0]);
    show("read", read(p[0], buf, 8));
    show("end of file", read(p[0], buf, 8));
    int bad = 999;
    show("bad descriptor", pass(s[0], &bad, 1, "x"));
    fds[0] = fds[1] = fds[2] = p[0];
    show("three", pass(s[0], fds, 3, "abc"));
    say("room for %d", take(s[1], got, CMSG_LEN(2 * sizeof(int)), MSG_CMSG_CLOEXEC, 10));
    say("cloexec %d", fcntl(got[0], F_GETFD));
    show("no room", pass(s[0], fds, 1, "abc"));
    take(s[1], got, 0, 0, 10);
    // Bytes before are read together with those that carry; bytes behind are not.
    write(s[0], "before", 6);
    pass(s[0], fds, 1, "with");
    write(s[0], "behind", 6);
    take(s[1], got, CMSG_SPACE(4), 0, 64);
    take(s[1], got, CMSG_SPACE(4), 0, 64);
    pass(s[0], fds, 2, "peek");
    say("peeked %d", take(s[1], got, CMSG_SPACE(8), MSG_PEEK, 64));
    say("open %d", fcntl(got[0], F_GETFD) >= 0);
    say("taken %d", take(s[1], got, CMSG_SPACE(8), 0, 2));
    say("rest %d", take(s[1], got, CMSG_SPACE(8), 0, 64));
    // What nobody receives is closed with the socket.
    int q[2];
    MUST(pipe(q) == 0);
    pass(s[0], &q[1], 1, "lost");
    close(q[1]);
    close(s[1]);
    show("writer gone", read(q[0], buf, 1));
    // A socket that holds itself in flight.
    int t[2];
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, t) == 0);
    show("send itself", pass(t[0], &t[1], 1, "self"));
    take(t[1], got, CMSG_SPACE(4), 0, 64);
}
