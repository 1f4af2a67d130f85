// sendmmsg and recvmmsg.
#include "../guest.h"
#include <sys/socket.h>

int main(void) {
    int s[2];
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
    char text[3][8] = {"one", "two!", "three"}, in[4][8] = {{0}};
    struct iovec o[3], i[4];
    struct mmsghdr m[3] = {0}, r[4] = {0};
    for (int k = 0; k < 3; k++) {
        o[k] = (struct iovec){text[k], strlen(text[k])};
        m[k].msg_hdr.msg_iov = &o[k];
        m[k].msg_hdr.msg_iovlen = 1;
    }
    for (int k = 0; k < 4; k++) {
        i[k] = (struct iovec){in[k], 8};
        r[k].msg_hdr.msg_iov = &i[k];
        r[k].msg_hdr.msg_iovlen = 1;
    }
    show("sendmmsg", sendmmsg(s[0], m, 3, 0));
    say("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
    show("recvmmsg", recvmmsg(s[1], r, 4, MSG_WAITFORONE, NULL));
    say("%u %u %u %s %s %s", r[0].msg_len, r[1].msg_len, r[2].msg_len, in[0], in[1], in[2]);
    show("nothing", recvmmsg(s[1], r, 4, MSG_DONTWAIT, NULL));
    sendmmsg(s[0], m, 2, 0);
    struct timespec t = {0, 0};
    show("no time", recvmmsg(s[1], r, 4, 0, &t));
    t.tv_nsec = -1;
    show("bad time", recvmmsg(s[1], r, 4, 0, &t));
    show("bad buffer", sendmmsg(s[0], (void *)8, 1, 0));
    m[1].msg_hdr.msg_iov = (void *)8;
    show("bad second", sendmmsg(s[0], m, 3, 0));
    m[0].msg_hdr.msg_iovlen = 2000;
    show("too many buffers", sendmmsg(s[0], m, 1, 0));
}
