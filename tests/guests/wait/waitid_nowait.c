// WNOWAIT leaves the child waitable as often as one likes, for stops and ends alike.
#include "../guest.h"

static void look(pid_t pid, int options) {
    siginfo_t si;
    memset(&si, 0x55, sizeof si);
    int rc = waitid(P_PID, pid, &si, options);
    if (rc == -1) {
        show("waitid", rc);
        return;
    }
    say("signo %s code %d status %d pid right %d uid right %d", signame(si.si_signo), si.si_code, si.si_status, si.si_pid == pid,
        si.si_uid == getuid());
}

int main(void) {
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(19);
    }
    look(pid, WSTOPPED | WNOWAIT);
    look(pid, WSTOPPED | WNOWAIT);
    look(pid, WSTOPPED);
    siginfo_t si = {0};
    show("no second stop", waitid(P_PID, pid, &si, WSTOPPED | WNOHANG));
    say("pid field %d", si.si_pid);
    kill(pid, SIGCONT);
    look(pid, WEXITED | WNOWAIT);
    look(pid, WEXITED | WNOWAIT);
    look(pid, WEXITED);
    look(pid, WEXITED);
}
