// A pair of streams: bytes, MSG_PEEK, MSG_DONTWAIT, MSG_TRUNC, FIONREAD, end of file.
#include "../guest.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void) {
    int s[2], n;
    char buf[64] = {0};
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    show("empty", recv(s[0], buf, 10, MSG_DONTWAIT));
    show("write", write(s[0], "hello", 5));
    show("send", send(s[0], "world", 5, 0));
    ioctl(s[1], FIONREAD, &n);
    say("waiting %d", n);
    show("peek", recv(s[1], buf, 7, MSG_PEEK));
    say("%s", buf);
    memset(buf, 0, 64);
    show("read", read(s[1], buf, 3));
    say("%s", buf);
    show("recv more than there is", recv(s[1], buf, 64, 0));
    say("%.7s", buf);
    show("zero write", write(s[0], "", 0));
    show("still empty", recv(s[1], buf, 10, MSG_DONTWAIT));
    show("write other way", write(s[1], "abc", 3));
    show("recv trunc", recv(s[0], buf, 2, MSG_TRUNC));
    show("close", close(s[1]));
    show("the rest", read(s[0], buf, 10));
    show("end", read(s[0], buf, 10));
    show("send nosignal", send(s[0], "x", 1, MSG_NOSIGNAL));
    signal(SIGPIPE, SIG_IGN);
    show("write", write(s[0], "x", 1));
    show("oob", recv(s[0], buf, 1, MSG_ERRQUEUE));
    if (fork() == 0) {
        signal(SIGPIPE, SIG_DFL);
        write(s[0], "x", 1);
        _exit(1);
    }
    int st;
    wait(&st);
    show_status("writer", st);
}
