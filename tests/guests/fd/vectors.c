// readv, writev, preadv, pwritev and the flags of the second versions.
#include "../guest.h"
#include <sys/uio.h>

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];
    char a[4] = {0}, b[6] = {0};
    struct iovec out[3] = {{"abc", 3}, {NULL, 0}, {"defgh", 5}}, in[2] = {{a, 3}, {b, 5}};
    show("writev", writev(fd, out, 3));
    show("pwritev", pwritev(fd, out, 3, 20));
    show("offset", lseek(fd, 0, SEEK_CUR));
    show("preadv", preadv(fd, in, 2, 1));
    say("%s %s", a, b);
    lseek(fd, 0, SEEK_SET);
    show("readv", readv(fd, in, 2));
    say("%s %s", a, b);
    show("preadv2 at -1 uses the offset", preadv2(fd, in, 1, -1, 0));
    show("offset", lseek(fd, 0, SEEK_CUR));
    show("pwritev2 append", pwritev2(fd, out, 1, 0, RWF_APPEND));
    show("size", lseek(fd, 0, SEEK_END));
    show("preadv2 unknown flag", preadv2(fd, in, 1, 0, 0x40000000));
    show("negative offset", preadv(fd, in, 2, -2));
    show("count 0", readv(fd, in, 0));
    show("count -1", syscall(SYS_readv, fd, in, -1L));
    show("count 1025", syscall(SYS_readv, fd, in, 1025L));
    struct iovec huge[2] = {{a, 1}, {b, (size_t)1 << 63}};
    show("length overflow", readv(fd, huge, 2));
    struct iovec half[2] = {{a, 3}, {(void *)8, 5}};
    show("second buffer bad", preadv(fd, half, 2, 0));
    MUST(pipe(p) == 0);
    show("preadv on a pipe", preadv(p[0], in, 2, 0));
    show("writev to a pipe", writev(p[1], out, 3));
    show("readv from a pipe", readv(p[0], in, 2));
}
