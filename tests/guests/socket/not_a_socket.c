// Socket calls on what is no socket answer ENOTSOCK, on what is not open EBADF.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static void all(int fd) {
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "x"};
    socklen_t n = sizeof a;
    int v = 1;
    char c = 0;
    struct iovec iov = {&c, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    show("bind", bind(fd, (void *)&a, sizeof a));
    show("connect", connect(fd, (void *)&a, sizeof a));
    show("listen", listen(fd, 1));
    show("accept", accept(fd, NULL, NULL));
    show("getsockname", getsockname(fd, (void *)&a, &n));
    show("getpeername", getpeername(fd, (void *)&a, &n));
    show("shutdown", shutdown(fd, 0));
    show("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, sizeof v));
    n = sizeof v;
    show("getsockopt", getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, &n));
    show("send", send(fd, &c, 1, 0));
    show("recv", recv(fd, &c, 1, 0));
    show("sendmsg", sendmsg(fd, &m, 0));
    show("recvmsg", recvmsg(fd, &m, 0));
}

int main(void) {
    all(open("/dev/null", O_RDWR));
    all(-1);
    all(777);
}
