// SIGCONT discards pending stop signals and the other way round; SIGCONT continues even when blocked or ignored.
#include "../guest.h"

int main(void) {
    sigset_t set, pend;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    static const int order[] = {SIGTSTP, SIGCONT, SIGTSTP, SIGCONT};
    for (int i = 0; i < 4; i++) {
        raise(order[i]);
        sigpending(&pend);
        say("after %s: TSTP %d, CONT %d", signame(order[i]), sigismember(&pend, SIGTSTP), sigismember(&pend, SIGCONT));
    }
    for (int ignored = 0; ignored < 2; ignored++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (ignored) signal(SIGCONT, SIG_IGN);
            raise(SIGSTOP);
            sigpending(&pend);
            _exit(sigismember(&pend, SIGCONT));
        }
        int st;
        MUST(waitpid(pid, &st, WUNTRACED) == pid);
        show_status("stopped", st);
        kill(pid, SIGCONT);
        reap(ignored ? "ignored" : "blocked", pid);
    }
}
