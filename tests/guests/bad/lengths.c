// Lengths and sizes at their extremes: zero, negative, huge, overflowing.
#include "../guest.h"
#include <sys/time.h>
#include <sys/uio.h>

#define TRY(what, name, ...) show(what, syscall(SYS_##name, __VA_ARGS__))

int main(void) {
    static char buf[4096];
    put_file("f", "text");
    int fd = open("f", O_RDWR);
    long huge = 0x7fffffffffffffffl;
    TRY("pread of nothing at the end", pread64, fd, buf, 0, 4);
    TRY("pread beyond every offset", pread64, fd, buf, 1, huge);
    TRY("pwrite at the last offset", pwrite64, fd, buf, 1, huge);
    TRY("pwrite negative", pwrite64, fd, buf, 1, -1L);
    TRY("lseek overflow", lseek, fd, huge, SEEK_END);
    lseek(fd, 0, SEEK_SET);
    TRY("fallocate overflow", fallocate, fd, 0, huge, huge);
    TRY("mmap huge", mmap, 0, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRY("mmap -1", mmap, 0, -1L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRY("mmap offset overflow", mmap, 0, 8192, PROT_READ, MAP_PRIVATE, fd, huge & ~4095L);
    TRY("munmap -1", munmap, buf - ((long)buf & 4095), -1L);
    TRY("mprotect -1", mprotect, buf - ((long)buf & 4095), -1L, PROT_READ);
    TRY("getcwd 0", getcwd, buf, 0);
    TRY("readlink -1", readlink, "f", buf, -1L);
    TRY("getdents 0", getdents64, open(".", O_RDONLY), buf, 0);
    TRY("poll too many", poll, buf, 0x10000000, 0);
    TRY("select too many", select, 0x7fffffff, 0, 0, 0, &(struct timeval){0, 0});
    TRY("getgroups -1", getgroups, -1, buf);
    TRY("sched_getaffinity 0", sched_getaffinity, 0, 0, buf);
    TRY("sethostname long", sethostname, buf, 65);
    TRY("setgroups many", setgroups, 1 << 20, buf);
    TRY("writev 1025", writev, fd, buf, 1025);
    struct iovec zero[3] = {{buf, 0}, {NULL, 0}, {(void *)8, 0}};
    show("writev of nothing", writev(fd, zero, 3));
    show("epoll_wait many", syscall(SYS_epoll_wait, syscall(SYS_epoll_create1, 0), buf, 0x7fffffff, 0));
    show("still 4 bytes", lseek(fd, 0, SEEK_END));
}
