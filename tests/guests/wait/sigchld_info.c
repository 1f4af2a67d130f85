// The siginfo of SIGCHLD: who, how and with which status; blocked SIGCHLDs do not queue.
#include "../guest.h"

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    siginfo_t si;
    pid_t pid = fork();
    if (pid == 0) _exit(44);
    show("signal", sigwaitinfo(&set, &si) == SIGCHLD);
    say("exited %d, pid right %d, uid right %d, status %d", si.si_code == CLD_EXITED, si.si_pid == pid, si.si_uid == getuid(), si.si_status);
    waitpid(pid, NULL, 0);
    if ((pid = fork()) == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    show("signal", sigwaitinfo(&set, &si) == SIGCHLD);
    say("killed %d, pid right %d, status %s", si.si_code == CLD_KILLED, si.si_pid == pid, signame(si.si_status));
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 5; i++)
        if (fork() == 0) _exit(i);
    for (int i = 0; i < 5; i++) {
        pid_t any = -1;
        siginfo_t last;
        waitid(P_ALL, 0, &last, WEXITED);
        any = last.si_pid;
        MUST(any > 0);
    }
    struct timespec none = {0, 0};
    show("one for five", sigtimedwait(&set, &si, &none) == SIGCHLD);
    show("not a second", sigtimedwait(&set, &si, &none));
}
