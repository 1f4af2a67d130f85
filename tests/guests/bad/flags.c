// Flags and values that no call knows: the errno of each.
#include "../guest.h"
#include <linux/futex.h>

#define TRY(name, ...) show(#name, syscall(SYS_##name, __VA_ARGS__))

int main(void) {
    put_file("f", "text");
    int fd = open("f", O_RDWR), p[2];
    MUST(pipe(p) == 0);
    char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static long big[64];
    unsigned bad = 0x40000000;
    TRY(accept4, 0, 0, 0, bad);
    TRY(clone3, big, 8);
    TRY(copy_file_range, fd, 0, fd, 0, 1, bad);
    TRY(dup3, fd, 77, bad);
    TRY(epoll_create1, bad);
    TRY(eventfd2, 0, bad);
    TRY(execveat, AT_FDCWD, "f", 0, 0, bad);
    TRY(faccessat2, AT_FDCWD, "f", 0, bad);
    TRY(fallocate, fd, bad, 0, 1);
    TRY(fchownat, AT_FDCWD, "f", -1, -1, bad);
    TRY(fcntl, fd, bad, 0);
    TRY(flock, fd, bad);
    TRY(futex, m, bad, 0, 0, 0, 0);
    TRY(getitimer, bad, big);
    TRY(getpriority, bad, 0);
    TRY(getrandom, m, 1, bad);
    TRY(getrlimit, bad, big);
    TRY(getrusage, 1000, big);
    TRY(inotify_init1, bad);
    TRY(ioctl, fd, 0x12345678, 0);
    TRY(linkat, AT_FDCWD, "f", AT_FDCWD, "g", bad);
    TRY(lseek, fd, 0, bad);
    TRY(madvise, m, 4096, bad);
    TRY(memfd_create, "x", bad);
    TRY(mlock2, m, 4096, bad);
    TRY(mlockall, bad);
    TRY(mprotect, m, 4096, bad);
    TRY(mremap, m, 4096, 4096, bad);
    TRY(msync, m, 4096, bad);
    TRY(newfstatat, AT_FDCWD, "f", big, bad);
    TRY(pipe2, p, bad);
    TRY(pidfd_open, getpid(), bad);
    TRY(prctl, bad, 0, 0, 0, 0);
    TRY(preadv2, fd, &(struct { void *p; long n; }){m, 1}, 1, 0, 0, bad);
    TRY(prlimit64, 0, bad, 0, big);
    TRY(renameat2, AT_FDCWD, "f", AT_FDCWD, "g", bad);
    TRY(rt_sigprocmask, bad, big, 0, 8);
    TRY(rt_sigaction, 1000, 0, 0, 8);
    TRY(setpriority, bad, 0, 0);
    TRY(sched_setscheduler, 0, 999, big);
    TRY(setitimer, bad, big, 0);
    TRY(setxattr, "f", "user.x", "v", 1, bad);
    TRY(signalfd4, -1, big, 8, bad);
    TRY(splice, fd, 0, p[1], 0, 1, bad);
    TRY(statx, AT_FDCWD, "f", bad, 0, big);
    TRY(sync_file_range, fd, 0, 1, bad);
    TRY(tee, p[0], p[1], 1, bad);
    TRY(timerfd_create, CLOCK_MONOTONIC, bad);
    TRY(timerfd_create, 99, 0);
    TRY(umount2, "f", bad);
    TRY(unlinkat, AT_FDCWD, "f", bad);
    TRY(utimensat, AT_FDCWD, "f", 0, bad);
    TRY(wait4, -1, 0, bad, 0);
    TRY(waitid, 0, 0, 0, bad, 0);
    TRY(close_range, 50, 60, bad);
    TRY(clock_nanosleep, 99, 0, big, 0);
    TRY(clock_getres, 99, big);
    TRY(access, "f", bad);
    TRY(arch_prctl, bad, 0);
    TRY(openat2, AT_FDCWD, "f", big, 8);
    TRY(kill, 0, 1000);
    show("still here", access("f", F_OK));
}
