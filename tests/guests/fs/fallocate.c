// fallocate: extending, KEEP_SIZE, PUNCH_HOLE, modes and errors; posix_fadvise.
#include "../guest.h"

static long long size(int fd) {
    struct stat st;
    fstat(fd, &st);
    return st.st_size;
}

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];
    show("extend", fallocate(fd, 0, 0, 10000));
    say("size %lld", size(fd));
    show("keep size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50000));
    say("size %lld", size(fd));
    char b[10000];
    memset(b, 'x', sizeof b);
    MUST(pwrite(fd, b, sizeof b, 0) == sizeof b);
    show("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 5000));
    MUST(pread(fd, b, sizeof b, 0) == sizeof b);
    say("size %lld, edges %c%d %d%c", size(fd), b[99], b[100], b[5099], b[5100]);
    show("punch without keep", fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
    show("length 0", fallocate(fd, 0, 0, 0));
    show("negative", fallocate(fd, 0, -1, 10));
    show("unknown mode", fallocate(fd, 0x8000, 0, 10));
    show("read-only", fallocate(open("f", O_RDONLY), 0, 0, 10));
    MUST(pipe(p) == 0);
    show("pipe", fallocate(p[1], 0, 0, 10));
    show("directory", fallocate(open(".", O_RDONLY), 0, 0, 10));
    show_err("posix_fallocate", posix_fallocate(fd, 20000, 1));
    say("size %lld", size(fd));
    show_err("fadvise", posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    show_err("fadvise unknown", posix_fadvise(fd, 0, 0, 99));
    show_err("fadvise pipe", posix_fadvise(p[0], 0, 0, 0));
    show("fsync", fsync(fd));
    show("fdatasync", fdatasync(fd));
    show("fsync of a pipe", fsync(p[0]));
}
