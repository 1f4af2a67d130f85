// PR_SET_PDEATHSIG: the signal comes when the parent ends, is per process, and is cleared in a fork's child.
#include "../guest.h"
#include <sys/prctl.h>

int main(void) {
    int sig = -1;
    show("invalid signal", prctl(PR_SET_PDEATHSIG, 65));
    show("get", prctl(PR_GET_PDEATHSIG, &sig));
    say("none at first: %d", sig);
    gate_t armed, result;
    gate_init(&armed);
    gate_init(&result);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            show("set", prctl(PR_SET_PDEATHSIG, SIGUSR1));
            if (fork() == 0) {
                prctl(PR_GET_PDEATHSIG, &sig);
                say("in its child: %d", sig);
                _exit(0);
            }
            wait(NULL);
            pid_t parent = getppid();
            gate_open(&armed);
            siginfo_t si;
            int got = sigwaitinfo(&set, &si);
            say("got %s from the old parent %d, code %d", signame(got), si.si_pid == parent, si.si_code);
            gate_open(&result);
            _exit(0);
        }
        gate_wait(&armed);
        _exit(0);
    }
    gate_wait(&result);
    reap("parent", pid);
}
