// Descriptors that are closed, negative, huge or of the wrong kind: the errno of each call.
#include "../guest.h"

#define TRY(name, ...)                                                                                                 \
    do {                                                                                                               \
        char line[300];                                                                                                \
        int n = snprintf(line, sizeof line, #name ":");                                                                \
        for (int i = 0; i < 6; i++) {                                                                                  \
            long fd = fds[i];                                                                                          \
            long rc = syscall(SYS_##name, __VA_ARGS__);                                                                \
            n += snprintf(line + n, sizeof line - n, " %s %s", kinds[i], rc == -1 ? errname(errno) : "ok");            \
        }                                                                                                              \
        say("%s", line);                                                                                               \
    } while (0)

int main(void) {
    static char buf[4096];
    put_file("f", "text");
    int p[2];
    MUST(pipe2(p, O_NONBLOCK) == 0);
    static const char *const kinds[] = {"closed", "negative", "huge", "directory", "path", "pipe"};
    const long fds[] = {999, -1, 0x7fffffff, open(".", O_RDONLY), open("f", O_PATH), p[0]};
    TRY(read, fd, buf, 1);
    TRY(write, fd, buf, 1);
    TRY(pread64, fd, buf, 1, 0);
    TRY(readv, fd, buf, 0);
    TRY(lseek, fd, 0, 1);
    TRY(fstat, fd, buf);
    TRY(fsync, fd);
    TRY(ftruncate, fd, 0);
    TRY(fallocate, fd, 0, 0, 1);
    TRY(fadvise64, fd, 0, 0, 0);
    TRY(fchmod, fd, 0700);
    TRY(fchdir, fd);
    TRY(fstatfs, fd, buf);
    TRY(flock, fd, 8);
    TRY(getdents64, fd, buf, 4096);
    TRY(ioctl, fd, 0x5401, buf);
    TRY(fcntl, fd, F_GETFL, 0);
    TRY(fcntl, fd, F_GETLK, buf);
    TRY(mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    TRY(openat, fd, "f", O_RDONLY, 0);
    TRY(newfstatat, fd, "f", buf, 0);
    TRY(unlinkat, fd, "missing", 0);
    TRY(mkdirat, fd, "f", 0700);
    TRY(readlinkat, fd, "f", buf, 10);
    TRY(tee, fd, p[1], 1, SPLICE_F_NONBLOCK);
    TRY(epoll_wait, fd, buf, 1, 0);
    TRY(getsockname, fd, buf, buf);
    TRY(listen, fd, 1);
    // the times are checked first, and the buffer holds what earlier calls left there
    static const struct itimerspec never;
    TRY(timerfd_settime, fd, 0, &never, 0);
    TRY(execveat, fd, "", 0, 0, AT_EMPTY_PATH);
}
