// The calls of the bad-pointer test: P stands for the pointer under test, everything else is valid.
#ifndef CALLS_H
#define CALLS_H

#define P 0x7157l
static int f_fd, d_fd, p_fd[2], e_fd, null_fd;
static char scratch[8192];
enum { FILE_FD = -101, DIR_FD = -102, PIPE_R = -103, PIPE_W = -104, EPOLL_FD = -105, NULL_FD = -106, BUF = -107, NAME = -108, LINK = -109 };

static struct call {
    const char *name;
    long nr, arg[6];
} calls[] = {
#define C(name, ...) {#name, SYS_##name, {__VA_ARGS__}}
    C(read, FILE_FD, P, 4), C(write, FILE_FD, P, 4), C(open, P, 0), C(stat, P, BUF), C(stat, NAME, P), C(fstat, FILE_FD, P),
    C(lstat, NAME, P), C(poll, P, 1, 0), C(rt_sigaction, 10, P, 0, 8), C(rt_sigaction, 10, 0, P, 8), C(rt_sigprocmask, 0, P, 0, 8),
    C(rt_sigprocmask, 0, 0, P, 8), C(ioctl, PIPE_R, 0x541b, P), C(pread64, FILE_FD, P, 4, 0), C(pwrite64, FILE_FD, P, 4, 0),
    C(readv, FILE_FD, P, 1), C(writev, FILE_FD, P, 1), C(access, P, 0), C(pipe, P), C(pipe2, P, 0), C(select, 1, P, 0, 0, BUF),
    C(nanosleep, P, 0), C(getitimer, 0, P), C(setitimer, 0, P, 0), C(sendfile, NULL_FD, FILE_FD, P, 1), C(execve, P, 0, 0),
    C(uname, P), C(fcntl, FILE_FD, F_GETLK, P), C(fcntl, FILE_FD, F_SETLK, P), C(truncate, P, 4), C(getdents64, DIR_FD, P, 4096),
    C(getcwd, P, 4096), C(chdir, P), C(rename, P, NAME), C(rename, NAME, P), C(mkdir, P, 0700), C(rmdir, P), C(creat, P, 0600),
    C(link, P, NAME), C(unlink, P), C(symlink, P, NAME), C(symlink, NAME, P), C(readlink, P, BUF, 10), C(readlink, LINK, P, 10),
    C(chmod, P, 0600), C(chown, P, -1, -1), C(gettimeofday, P, 0), C(getrlimit, 7, P), C(setrlimit, 4, P), C(prlimit64, 0, 7, 0, P),
    C(getrusage, 0, P), C(sysinfo, P), C(times, P), C(getgroups, 8, P), C(getresuid, P, BUF, BUF), C(rt_sigpending, P, 8),
    C(rt_sigtimedwait, P, 0, BUF, 8), C(sigaltstack, P, 0), C(sigaltstack, 0, P), C(utime, P, 0),
    C(mknod, P, 0100600, 0), C(statfs, P, BUF), C(statfs, NAME, P), C(fstatfs, FILE_FD, P), C(getxattr, P, NAME, 0, 0),
    C(setxattr, NAME, P, BUF, 1, 0), C(listxattr, P, 0, 0), C(time, P), C(futex, P, 1, 1, 0, 0, 0), C(futex, BUF, 0, 1, P, 0, 0),
    C(sched_getaffinity, 0, 128, P), C(epoll_ctl, EPOLL_FD, 1, PIPE_R, P), C(epoll_wait, EPOLL_FD, P, 1, 0), C(clock_gettime, 1, P),
    C(clock_getres, 1, P), C(clock_nanosleep, 1, 0, P, 0), C(waitid, 0, 0, P, 5, 0), C(openat, -100, P, 0), C(mkdirat, -100, P, 0700),
    C(newfstatat, -100, P, BUF, 0), C(newfstatat, -100, NAME, P, 0), C(unlinkat, -100, P, 0), C(renameat2, -100, P, -100, NAME, 0),
    C(faccessat, -100, P, 0), C(readlinkat, -100, LINK, P, 10), C(pselect6, 1, P, 0, 0, BUF, 0), C(ppoll, P, 1, BUF, 0, 8),
    C(utimensat, -100, P, 0, 0), C(utimensat, -100, NAME, P, 0), C(preadv, FILE_FD, P, 1, 0), C(pwritev, FILE_FD, P, 1, 0),
    C(getrandom, P, 4, 0), C(memfd_create, P, 0), C(statx, -100, P, 0, 0x7ff, BUF), C(statx, -100, NAME, 0, 0x7ff, P),
    C(openat2, -100, NAME, P, 24), C(openat2, -100, P, BUF, 24), C(clone3, P, 64), C(getcpu, P, 0, 0), C(mincore, P, 4096, BUF),
    C(sched_setparam, 0, P), C(sched_getparam, 0, P), C(timer_create, 1, 0, P), C(prctl, 15, P), C(prctl, 16, P), C(copy_file_range, FILE_FD, P, NULL_FD, 0, 1, 0),
    C(splice, PIPE_R, 0, FILE_FD, P, 1, 2), C(set_robust_list, P, 3), C(get_robust_list, 0, P, BUF),
#undef C
};
#define CALLS (sizeof calls / sizeof *calls)

static void setup_calls(void) {
    put_file("f", "some text");
    f_fd = open("f", O_RDWR);
    MUST(symlink("f", "l") == 0);
    d_fd = open(".", O_RDONLY);
    e_fd = (int)syscall(SYS_epoll_create1, 0);
    null_fd = open("/dev/null", O_RDWR);
    MUST(pipe(p_fd) == 0);
    for (unsigned c = 0; c < CALLS; c++)
        for (int i = 0; i < 6; i++) {
            long *a = &calls[c].arg[i];
            switch (*a) {
            case FILE_FD: *a = f_fd; break;
            case DIR_FD: *a = d_fd; break;
            case PIPE_R: *a = p_fd[0]; break;
            case PIPE_W: *a = p_fd[1]; break;
            case EPOLL_FD: *a = e_fd; break;
            case NULL_FD: *a = null_fd; break;
            case BUF: *a = (long)scratch; break;
            case NAME: *a = (long)"f"; break;
            case LINK: *a = (long)"l"; break;
            }
        }
}

// Undoes what a call may have done when the pointer was good enough.
static void after_call(long nr, long rc) {
    if (nr == SYS_clone3 && rc == 0) _exit(0);
    memset(scratch, 0, sizeof scratch);
    lseek(f_fd, 0, SEEK_SET);
    lseek(d_fd, 0, SEEK_SET);
    if (nr == SYS_prctl) syscall(SYS_prctl, 15, "guest");
    if (access("f", F_OK) != 0) put_file("f", "some text");
}

#endif
