// A handler for SIGCONT runs when the process continues; one for SIGTSTP runs instead of stopping.
#include "../guest.h"

static volatile sig_atomic_t conts, tstps;
static void handler(int sig) { *(sig == SIGCONT ? &conts : &tstps) += 1; }

int main(void) {
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCONT, handler);
        signal(SIGTSTP, handler);
        raise(SIGTSTP);
        say("TSTP handled %d", (int)tstps);
        raise(SIGSTOP);
        say("went on, CONT handled %d", (int)conts);
        raise(SIGCONT);
        say("CONT while running, handled %d", (int)conts);
        _exit(0);
    }
    int st;
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_status("child", st);
    kill(pid, SIGCONT);
    reap("child", pid);
}
