// A pidfd from CLONE_PIDFD and from pidfd_open: poll, signal, waitid, errors.
#include "../guest.h"
#include <poll.h>
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int main(void) {
    gate_t go;
    gate_init(&go);
    int pidfd = -1;
    pid_t pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, 0L);
    MUST(pid >= 0);
    if (pid == 0) {
        gate_wait(&go);
        pause();
        _exit(0);
    }
    show("close-on-exec", fcntl(pidfd, F_GETFD));
    struct pollfd p = {pidfd, POLLIN, 0};
    show("poll while it lives", poll(&p, 1, 0));
    show("signal 0", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
    gate_open(&go);
    show("SIGTERM", syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0));
    show("poll until it ends", poll(&p, 1, 5000));
    say("events %#x", p.revents);
    siginfo_t si = {0};
    show("waitid(P_PIDFD)", waitid(P_PIDFD, pidfd, &si, WEXITED));
    say("pid right %d, code %d, status %s", si.si_pid == pid, si.si_code, signame(si.si_status));
    show("signal after the wait", syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
    show("waitid on it again", waitid(P_PIDFD, pidfd, &si, WEXITED));
    show("pidfd_open(0)", syscall(SYS_pidfd_open, 0, 0));
    show("pidfd_open(no such)", syscall(SYS_pidfd_open, 0x3fffff, 0));
    show("pidfd_open flags", syscall(SYS_pidfd_open, getpid(), 1 << 20));
    show_ok("pidfd_open(self)", syscall(SYS_pidfd_open, getpid(), 0));
    show("pidfd_send_signal on a file", syscall(SYS_pidfd_send_signal, 1, 0, NULL, 0));
}
