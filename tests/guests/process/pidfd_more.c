// pidfds: epoll, clone3, waitid that does not block, pidfd_getfd, siginfo rules, what is written where.
#include "../guest.h"
#include <linux/sched.h>
#include <poll.h>
#include <sys/epoll.h>
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int main(void) {
    gate_t go;
    gate_init(&go);
    int pidfd = -7;
    struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD};
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = syscall(SYS_clone3, &args, sizeof args);
    MUST(pid >= 0);
    if (pid == 0) {
        *shared = pidfd;
        gate_wait(&go);
        _exit(5);
    }
    int e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN};
    show("epoll", epoll_ctl(e, EPOLL_CTL_ADD, pidfd, &ev));
    show("while it lives", epoll_wait(e, &ev, 1, 0));
    siginfo_t si = {.si_signo = SIGUSR1, .si_code = SI_USER};
    show("forged", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &si, 0));
    show("another number", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR2, &si, 0));
    show("flags", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 1 << 5));
    show("no such signal", syscall(SYS_pidfd_send_signal, pidfd, 99, NULL, 0));
    int theirs = syscall(SYS_pidfd_getfd, pidfd, 1, 0);
    struct stat a, b;
    fstat(1, &a);
    fstat(theirs, &b);
    yes("pidfd_getfd", theirs >= 0 && a.st_ino == b.st_ino && fcntl(theirs, F_GETFD) == FD_CLOEXEC);
    show("of a closed one", syscall(SYS_pidfd_getfd, pidfd, 99, 0));
    show("with flags", syscall(SYS_pidfd_getfd, pidfd, 1, 1));
    fcntl(pidfd, F_SETFL, O_NONBLOCK);
    show("waitid that does not block", waitid(P_PIDFD, pidfd, &si, WEXITED));
    gate_open(&go);
    show("epoll_wait", epoll_wait(e, &ev, 1, 5000));
    say("the child saw %d", *shared);
    show("pidfd_getfd of a zombie", syscall(SYS_pidfd_getfd, pidfd, 1, 0));
    show("signal to a zombie", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
    show("waitid", waitid(P_PIDFD, pidfd, &si, WEXITED));
    say("status %d", si.si_status);
    struct pollfd p = {pidfd, POLLIN, 0};
    show("poll after", poll(&p, 1, 0));
    show("waitid on a file", waitid(P_PIDFD, 1, &si, WEXITED));
    show("waitid on a closed one", waitid(P_PIDFD, 99, &si, WEXITED));
    show("read", read(pidfd, &si, 8));
    show("bad address", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, (void *)-4096L, NULL, 0L));
    show("and no child", waitpid(-1, NULL, WNOHANG));
}
