// Errors of the wait family.
#include "../guest.h"

int main(void) {
    siginfo_t si;
    int st;
    show("no children", waitpid(-1, &st, 0));
    show("not a child", waitpid(1, &st, 0));
    show("self", waitpid(getpid(), &st, 0));
    show("unknown option", waitpid(-1, &st, 0x10));
    show("WEXITED for wait4", waitpid(-1, &st, WEXITED));
    show("WNOWAIT for wait4", waitpid(-1, &st, WNOWAIT));
    show("pid INT_MIN", waitpid(-0x7fffffff - 1, &st, 0));
    show("unknown group", waitpid(-0x3fffff, &st, 0));
    show("waitid without what", waitid(P_ALL, 0, &si, 0));
    show("waitid only WNOHANG", waitid(P_ALL, 0, &si, WNOHANG));
    show("waitid unknown option", waitid(P_ALL, 0, &si, WEXITED | 0x100));
    show("waitid type 9", waitid(9, 0, &si, WEXITED));
    show("waitid P_PID 0", waitid(P_PID, 0, &si, WEXITED));
    show("waitid P_PID -1", waitid(P_PID, -1, &si, WEXITED));
    show("waitid P_PGID -1", waitid(P_PGID, -1, &si, WEXITED));
    show("waitid P_PIDFD on a file", waitid(3, 1, &si, WEXITED));
    show("waitid P_PIDFD bad fd", waitid(3, 99, &si, WEXITED));
    show("waitid nobody", waitid(P_ALL, 0, &si, WEXITED));
    pid_t pid = fork();
    if (pid == 0) _exit(1);
    show("bad status pointer", syscall(SYS_wait4, pid, (void *)8, 0, NULL));
    show("the child was reaped all the same", waitpid(pid, &st, 0));
    if ((pid = fork()) == 0) _exit(1);
    show("bad siginfo pointer", syscall(SYS_waitid, P_PID, pid, (void *)8, WEXITED, NULL));
    show("reaped too", waitpid(pid, &st, 0));
    if ((pid = fork()) == 0) _exit(1);
    show("NULL siginfo is fine", syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL));
}
