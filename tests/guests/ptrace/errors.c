// Who may not be traced, and what is no request: EPERM, ESRCH, EIO and EINVAL as Linux says them.
#include "tracer.h"

static void body(void) { pause(); }

int main(void) {
    show("nobody", pt(PTRACE_ATTACH, 4000000, 0, 0));
    show("pid 0", pt(PTRACE_ATTACH, 0, 0, 0));
    show("negative", pt(PTRACE_CONT, -5, 0, 0));
    show("myself", pt(PTRACE_ATTACH, getpid(), 0, 0));
    show("CONT myself", pt(PTRACE_CONT, getpid(), 0, 0));
    pid_t stranger = fork();
    if (stranger == 0) {
        pause();
        _exit(0);
    }
    show("GETREGS of a stranger", pt(PTRACE_GETREGS, stranger, 0, 0));
    show("unknown of a stranger", pt(12345, stranger, 0, 0));
    show("SEIZE with an address", pt(PTRACE_SEIZE, stranger, 8, 0));
    show("SEIZE with an odd option", pt(PTRACE_SEIZE, stranger, 0, 1 << 30));
    kill(stranger, SIGKILL);
    reap("stranger", stranger);
    pid_t zombie = fork();
    if (zombie == 0) _exit(0);
    siginfo_t si;
    MUST(waitid(P_PID, zombie, &si, WEXITED | WNOWAIT) == 0);
    show("a zombie", pt(PTRACE_ATTACH, zombie, 0, 0));
    reap("zombie", zombie);
    pid_t pid = tracee(body);
    show("unknown", pt(12345, pid, 0, 0));
    show("SYSEMU_SINGLESTEP's neighbour", pt(34, pid, 0, 0));
    show("SETOPTIONS odd", pt(PTRACE_SETOPTIONS, pid, 0, 1 << 30));
    show("GETREGS bad", pt(PTRACE_GETREGS, pid, 0, 8));
    show("SETREGS bad", pt(PTRACE_SETREGS, pid, 0, 8));
    show("GETREGSET bad", pt(PTRACE_GETREGSET, pid, 1, 8));
    show("GETEVENTMSG bad", pt(PTRACE_GETEVENTMSG, pid, 0, 8));
    show("GETSIGINFO bad", pt(PTRACE_GETSIGINFO, pid, 0, 8));
    show("SETSIGINFO bad", pt(PTRACE_SETSIGINFO, pid, 0, 8));
    show("INTERRUPT", pt(PTRACE_INTERRUPT, pid, 0, 0));
    show("LISTEN", pt(PTRACE_LISTEN, pid, 0, 0));
    sigset_t set;
    show("GETSIGMASK size", pt(PTRACE_GETSIGMASK, pid, 7, (unsigned long)&set));
    pid_t other = fork();
    if (other == 0) {
        show("another's tracee", pt(PTRACE_ATTACH, pid, 0, 0));
        show("CONT another's", pt(PTRACE_CONT, pid, 0, 0));
        show("TRACEME", pt(PTRACE_TRACEME, 0, 0, 0));
        show("TRACEME twice", pt(PTRACE_TRACEME, 0, 0, 0));
        _exit(0);
    }
    next_shown("other", other);
    show("KILL", pt(PTRACE_KILL, pid, 0, 0));
    next_shown("end", pid);
    if (getuid() == 0) {
        pid = fork();
        if (pid == 0) {
            MUST(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
            show("the parent", pt(PTRACE_ATTACH, getppid(), 0, 0));
            _exit(0);
        }
        reap("user", pid);
    }
    return 0;
}
