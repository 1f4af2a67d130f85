// Datagrams and sequenced packets keep their borders; what is too long is cut and marked.
#include "../guest.h"
#include <sys/socket.h>

static void run(int type) {
    int s[2];
    char buf[64];
    MUST(socketpair(AF_UNIX, type, 0, s) == 0);
    show("one", send(s[0], "first", 5, 0));
    show("two", send(s[0], "second!", 7, 0));
    show("three, empty", send(s[0], "", 0, 0));
    show("four", write(s[0], "4444", 4));
    struct iovec iov = {buf, 3};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    show("peek, cut", recvmsg(s[1], &m, MSG_PEEK));
    say("flags %x", m.msg_flags);
    show("recv, cut", recvmsg(s[1], &m, 0));
    say("flags %x %.3s", m.msg_flags, buf);
    show("recv, whole length", recv(s[1], buf, 2, MSG_TRUNC));
    show("empty one", recv(s[1], buf, 10, 0));
    show("read", read(s[1], buf, 64));
    show("nothing", recv(s[1], buf, 64, MSG_DONTWAIT));
    static char big[1 << 20];
    show("too long", send(s[0], big, sizeof big, 0));
    int n = 0;
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1) n++;
    say("full: %s, more than 20: %d", errname(errno), n > 20);
    close(s[1]);
    signal(SIGPIPE, SIG_DFL);
    show("send to closed", send(s[0], "x", 1, 0));
    show("again", send(s[0], "x", 1, 0));
    show("write", write(s[0], "x", 1));
    show("recv from closed", recv(s[0], buf, 1, MSG_DONTWAIT));
}

int main(void) {
    say("dgram");
    run(SOCK_DGRAM);
    say("seqpacket");
    run(SOCK_SEQPACKET);
}
