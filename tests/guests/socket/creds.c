// SO_PASSCRED, SCM_CREDENTIALS and SO_PEERCRED tell who is at the other end.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static void take(int s, pid_t want) {
    char ctl[CMSG_SPACE(sizeof(struct ucred))], buf[16];
    struct iovec iov = {buf, 16};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
    long n = recvmsg(s, &m, 0);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c) {
        say("recvmsg %ld, nothing", n);
        return;
    }
    struct ucred u;
    memcpy(&u, CMSG_DATA(c), sizeof u);
    say("recvmsg %ld type %d pid %d uid %d gid %d", n, c->cmsg_type, u.pid == want, u.uid == getuid(), u.gid == getgid());
}

int main(void) {
    int s[2], on = 1;
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    write(s[0], "a", 1);
    take(s[1], 0);
    show("passcred", setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    write(s[0], "b", 1);
    take(s[1], getpid());
    pid_t pid = fork();
    if (pid == 0) {
        write(s[0], "child", 5);
        _exit(0);
    }
    reap("child", pid);
    write(s[0], "parent", 6);
    take(s[1], pid);
    take(s[1], getpid());
    struct ucred u = {getpid(), getuid(), getgid()};
    char ctl[CMSG_SPACE(sizeof u)] = {0};
    struct iovec iov = {"x", 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof u);
    memcpy(CMSG_DATA(c), &u, sizeof u);
    show("say who", sendmsg(s[0], &m, 0));
    take(s[1], getpid());
    c->cmsg_len = CMSG_LEN(4);
    show("wrong size", sendmsg(s[0], &m, 0));
    c->cmsg_len = 3;
    show("no size", sendmsg(s[0], &m, 0));
    c->cmsg_len = CMSG_LEN(sizeof u);
    c->cmsg_type = 77;
    show("unknown type", sendmsg(s[0], &m, 0));
    // The other end of a connection is whoever connected or listened.
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "s"};
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 1) == 0);
    gate_t g;
    gate_init(&g);
    pid = fork();
    if (pid == 0) {
        int k = socket(AF_UNIX, SOCK_STREAM, 0);
        struct ucred v;
        socklen_t n = sizeof v;
        MUST(connect(k, (void *)&a, sizeof a) == 0);
        getsockopt(k, SOL_SOCKET, SO_PEERCRED, &v, &n);
        gate_wait(&g);
        say("client sees listener %d", v.pid == getppid());
        _exit(0);
    }
    int k = accept(l, NULL, NULL);
    socklen_t n = sizeof u;
    show("peercred", getsockopt(k, SOL_SOCKET, SO_PEERCRED, &u, &n));
    say("server sees client %d uid %d", u.pid == pid, u.uid == geteuid());
    gate_open(&g);
    reap("client", pid);
    getsockopt(l, SOL_SOCKET, SO_PEERCRED, &u, &n);
    int d = socket(AF_UNIX, SOCK_DGRAM, 0);
    getsockopt(d, SOL_SOCKET, SO_PEERCRED, &u, &n);
    say("nobody: %d %d %d", u.pid, (int)u.uid, (int)u.gid);
}
