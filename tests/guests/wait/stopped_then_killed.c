// SIGKILL ends a stopped process at once; its stop, if not waited for, is replaced by its end.
#include "../guest.h"

int main(void) {
    int st;
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) pause();
    }
    kill(pid, SIGSTOP);
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_status("first", st);
    show("kill", kill(pid, SIGKILL));
    MUST(waitpid(pid, &st, WUNTRACED | WCONTINUED) == pid);
    show_status("second", st);
    show("third", waitpid(pid, &st, WUNTRACED | WCONTINUED));
}
