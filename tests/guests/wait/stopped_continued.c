// WUNTRACED and WCONTINUED report each stop and each continue once; a plain wait reports neither.
#include "../guest.h"

int main(void) {
    int st;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0); // a group with its parent outside is not orphaned, so SIGTSTP stops it
        for (;;) pause();
    }
    setpgid(pid, pid);
    kill(pid, SIGSTOP);
    yes("stop seen", waitpid(pid, &st, WUNTRACED) == pid);
    show_status("status", st);
    show("once only", waitpid(pid, &st, WUNTRACED | WNOHANG));
    show("plain wait sees nothing", waitpid(pid, &st, WNOHANG));
    kill(pid, SIGCONT);
    yes("continue seen", waitpid(pid, &st, WCONTINUED) == pid);
    show_status("status", st);
    say("raw status %#x", st);
    show("once only", waitpid(pid, &st, WCONTINUED | WNOHANG));
    kill(pid, SIGTSTP);
    yes("SIGTSTP seen", waitpid(pid, &st, WUNTRACED) == pid);
    show_status("status", st);
    kill(pid, SIGTERM); // held until it continues
    show("a stopped process does not die of SIGTERM", waitpid(pid, &st, WNOHANG));
    kill(pid, SIGCONT);
    reap("after SIGCONT", pid);
}
