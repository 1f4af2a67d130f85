// The wait status for each signal whose default action ends a process, and for those that do not.
#include "../guest.h"

int main(void) {
    for (int sig = 1; sig <= 64; sig++) {
        if (sig == 32 || sig == 33) continue; // the C library keeps these
        pid_t pid = fork();
        MUST(pid >= 0);
        if (pid == 0) {
            setpgid(0, 0); // its parent is in another group, so the terminal's stop signals work
            kill(getpid(), sig);
            _exit(0);
        }
        int st;
        MUST(waitpid(pid, &st, WUNTRACED) == pid);
        char what[32];
        snprintf(what, sizeof what, "%d %s", sig, signame(sig));
        show_status(what, st);
        if (WIFSTOPPED(st)) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
    }
}
