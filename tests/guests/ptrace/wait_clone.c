// A tracee can be waited for as a clone child, also when it has ended.
#include "../guest.h"
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <signal.h>

int main(void) {
    int p[2], status;
    char c;
    MUST(pipe(p) == 0);
    pid_t child = fork();
    if (child == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
        _exit(7);
    }
    close(p[1]);
    show("end", read(p[0], &c, 1));
    siginfo_t info;
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    yes("waited for with __WCLONE", waitpid(child, &status, __WCLONE) == child);
    say("exit %d", WEXITSTATUS(status));
    show("nobody is left", waitpid(-1, &status, __WALL));
    pid_t other = fork();
    if (other == 0)
        _exit(0);
    show("not a tracee", waitpid(other, &status, __WCLONE));
    yes("as usual", waitpid(other, &status, 0) == other);
}
