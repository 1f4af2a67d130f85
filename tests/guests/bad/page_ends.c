// Buffers and strings that end right at the end of memory work; those that run over it say EFAULT or are cut.
#include "../guest.h"
#include <poll.h>
#include <sys/uio.h>

int main(void) {
    char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end = m + 4096;
    munmap(end, 4096);
    put_file("f", "0123456789abcdef");
    int fd = open("f", O_RDWR), p[2], out = open("out", O_RDWR | O_CREAT, 0600);
    MUST(pipe(p) == 0);
    strcpy(end - 2, "f");
    show("path ends at the border", access(end - 2, F_OK));
    memset(end - 3, 'x', 3);
    show("path runs over it", access(end - 3, F_OK));
    show("read up to the border", read(fd, end - 8, 8));
    show("read over the border", read(fd, end - 4, 8));
    show("offset after it", lseek(fd, 0, SEEK_CUR));
    show("read starting behind", read(fd, end, 8));
    show("write over the border", write(out, end - 4, 8));
    show("size", lseek(out, 0, SEEK_END));
    show("pipe write over the border", write(p[1], end - 4, 8));
    show("pipe write up to it", write(p[1], end - 4, 4));
    show("stat into the last bytes", syscall(SYS_stat, "f", end - 100));
    show("stat that just fits", syscall(SYS_stat, "f", end - sizeof(struct stat)));
    show("iovec array over the border", syscall(SYS_readv, fd, end - 16, 2));
    struct iovec *v = (struct iovec *)(end - 16);
    *v = (struct iovec){m, 4};
    show("iovec array of one", readv(fd, v, 1));
    show("poll array over the border", syscall(SYS_poll, end - 8, 2, 0));
    ((struct pollfd *)(end - 8))->fd = fd;
    ((struct pollfd *)(end - 8))->events = POLLIN;
    show("poll array of one", poll((struct pollfd *)(end - 8), 1, 0));
    show("nanosleep over the border", syscall(SYS_nanosleep, end - 8, NULL));
    show("pipe result over the border", syscall(SYS_pipe, end - 4));
    show("getcwd that does not fit", syscall(SYS_getcwd, end - 1, 4096));
    show("uname over the border", syscall(SYS_uname, end - 300));
    show("getrandom over the border", syscall(SYS_getrandom, end - 4, 300, 0));
    char **argv = (char **)(end - 8);
    argv[0] = "x";
    show("argv without its NULL", syscall(SYS_execve, "/proc/self/exe", argv, NULL));
    char *r = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(r + 4096, 4096, PROT_READ);
    lseek(fd, 0, SEEK_SET);
    show("read into a page that turns read-only", read(fd, r + 4090, 16));
    show("zero length, bad pointer", read(fd, (void *)8, 0));
    show("zero length write", write(out, (void *)8, 0));
}
