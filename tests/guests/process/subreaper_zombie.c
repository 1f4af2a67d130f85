// A zombie whose parent ends passes to the subreaper as a zombie, with SIGCHLD and its old status.
#include "../guest.h"
#include <sys/prctl.h>

int main(void) {
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t inner = fork();
        if (inner == 0) _exit(33);
        siginfo_t si;
        waitid(P_PID, inner, &si, WEXITED | WNOWAIT);
        say("middle saw status %d and leaves it", si.si_status);
        _exit(34);
    }
    int st, codes = 0;
    for (int i = 0; i < 2; i++) {
        MUST(wait(&st) > 0);
        codes += WEXITSTATUS(st);
    }
    say("sum of both codes %d", codes);
    yes("SIGCHLD is pending", sigpending(&chld) == 0 && sigismember(&chld, SIGCHLD));
    show("wait", wait(NULL));
    (void)pid;
}
