// lseek: whence, beyond the end, negative results, pipes, SEEK_DATA and SEEK_HOLE at the edges.
#include "../guest.h"

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];
    MUST(write(fd, "0123456789", 10) == 10);
    show("end", lseek(fd, -3, SEEK_END));
    show("cur", lseek(fd, 2, SEEK_CUR));
    show("before the start", lseek(fd, -1, SEEK_SET));
    show("unchanged", lseek(fd, 0, SEEK_CUR));
    show("whence 9", lseek(fd, 0, 9));
    show("beyond the end", lseek(fd, 100000, SEEK_SET));
    char b[4] = {1, 1, 1, 1};
    show("read there", read(fd, b, 4));
    show("write there", write(fd, "x", 1));
    show("gap reads", pread(fd, b, 4, 50));
    say("zeroes %d", !b[0] && !b[3]);
    show("SEEK_DATA at 0", lseek(fd, 0, SEEK_DATA));
    show("SEEK_HOLE past the last byte", lseek(fd, 100000, SEEK_HOLE));
    show("SEEK_DATA at the end", lseek(fd, 100001, SEEK_DATA));
    show("SEEK_HOLE at the end", lseek(fd, 100001, SEEK_HOLE));
    MUST(pipe(p) == 0);
    show("pipe", lseek(p[0], 0, SEEK_SET));
    show("pread on a pipe", pread(p[0], b, 1, 0));
    show("pread negative", pread(fd, b, 1, -1));
    show("closed", lseek(99, 0, SEEK_SET));
    show("directory rewinds", lseek(open(".", O_RDONLY), 0, SEEK_SET));
}
