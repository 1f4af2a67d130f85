// Closing with unread bytes resets the connection; closing without them ends it.
#include "inet.h"

static int error_of(int fd) {
    int e;
    socklen_t n = sizeof e;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
    return e;
}

int main(void) {
    int s[2];
    char b[8];
    signal(SIGPIPE, SIG_IGN);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    write(s[0], "unread", 6);
    close(s[1]);
    show("unix read", read(s[0], b, 8));
    show("unix read", read(s[0], b, 8));
    show("unix write", write(s[0], "x", 1));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    write(s[0], "unread", 6);
    close(s[1]);
    say("SO_ERROR %s", errname(error_of(s[0])));
    say("SO_ERROR %s", errname(error_of(s[0])));
    tcp(s);
    write(s[0], "unread", 6);
    sleep_ms(20);
    close(s[1]);
    sleep_ms(20);
    show("tcp read", read(s[0], b, 8));
    show("tcp read", read(s[0], b, 8));
    show("tcp write", write(s[0], "x", 1));
    tcp(s);
    write(s[0], "unread", 6);
    sleep_ms(20);
    close(s[1]);
    sleep_ms(20);
    show("tcp write", write(s[0], "x", 1));
    show("tcp write", write(s[0], "x", 1));
    tcp(s);
    close(s[1]);
    sleep_ms(20);
    show("ended: read", read(s[0], b, 8));
    show("ended: write", write(s[0], "x", 1));
    sleep_ms(20);
    show("ended: write", write(s[0], "x", 1));
    show("ended: read", read(s[0], b, 8));
    tcp(s);
    struct linger hard = {1, 0};
    setsockopt(s[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(s[1]);
    sleep_ms(20);
    show("hard: read", read(s[0], b, 8));
}
