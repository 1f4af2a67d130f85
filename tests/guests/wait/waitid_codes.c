// What waitid says about each way to change state: CLD_EXITED, KILLED, STOPPED, CONTINUED.
#include "../guest.h"

static const char *code(int c) {
    return c == CLD_EXITED ? "EXITED" : c == CLD_KILLED ? "KILLED" : c == CLD_DUMPED ? "DUMPED" : c == CLD_STOPPED ? "STOPPED"
         : c == CLD_CONTINUED ? "CONTINUED" : c == CLD_TRAPPED ? "TRAPPED" : "?";
}

static void next(pid_t pid) {
    siginfo_t si;
    memset(&si, 0, sizeof si);
    MUST(waitid(P_PID, pid, &si, WEXITED | WSTOPPED | WCONTINUED) == 0);
    say("%s %d, signo %s, errno %d", code(si.si_code), si.si_status, signame(si.si_signo), si.si_errno);
}

int main(void) {
    static const int sigs[] = {SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGALRM, SIGTERM, SIGVTALRM};
    gate_t seen;
    gate_init(&seen);
    pid_t pid = fork();
    if (pid == 0) _exit(0x1ff);
    next(pid);
    for (unsigned i = 0; i < sizeof sigs / sizeof *sigs; i++) {
        if ((pid = fork()) == 0) {
            raise(sigs[i]);
            _exit(0);
        }
        next(pid);
    }
    if ((pid = fork()) == 0) {
        setpgid(0, 0); // so that the group is not orphaned and SIGTTIN stops it
        raise(SIGSTOP);
        gate_wait(&seen); // else the next stop could replace the report of the continue
        raise(SIGTTIN);
        gate_wait(&seen);
        raise(SIGTSTP);
        gate_wait(&seen);
        _exit(4);
    }
    for (int i = 0; i < 3; i++) {
        next(pid);
        kill(pid, SIGCONT);
        next(pid);
        gate_open(&seen);
    }
    next(pid);
}
