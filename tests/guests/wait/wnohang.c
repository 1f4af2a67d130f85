// WNOHANG: 0 while children run, the pid once, ECHILD afterwards.
#include "../guest.h"

int main(void) {
    gate_t go;
    gate_init(&go);
    int st = 0x1234;
    show("no child at all", waitpid(-1, &st, WNOHANG));
    pid_t pid = fork();
    if (pid == 0) {
        gate_wait(&go);
        _exit(3);
    }
    show("running", waitpid(pid, &st, WNOHANG));
    say("status word untouched: %#x", st);
    show("running, any", waitpid(-1, NULL, WNOHANG));
    gate_open(&go);
    siginfo_t si;
    MUST(waitid(P_PID, pid, &si, WEXITED | WNOWAIT) == 0);
    yes("ended", waitpid(pid, &st, WNOHANG) == pid);
    show_status("status", st);
    show("again", waitpid(pid, &st, WNOHANG));
}
