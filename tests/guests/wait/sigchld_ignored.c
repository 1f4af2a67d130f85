// With SIGCHLD ignored, children leave no zombies: wait blocks for the last one and then says ECHILD.
#include "../guest.h"

static void round_with(const char *what, const struct sigaction *sa) {
    sigaction(SIGCHLD, sa, NULL);
    gate_t go;
    gate_init(&go);
    pid_t pid[3];
    for (int i = 0; i < 3; i++)
        if ((pid[i] = fork()) == 0) {
            gate_wait(&go);
            _exit(i);
        }
    show("running child, WNOHANG", waitpid(pid[0], NULL, WNOHANG));
    for (int i = 0; i < 3; i++) gate_open(&go);
    show(what, wait(NULL));
    for (int i = 0; i < 3; i++) {
        // wait may return a moment before the last one's id is free
        while (kill(pid[i], 0) == 0) sched_yield();
        show("kill 0", kill(pid[i], 0));
    }
}

int main(void) {
    struct sigaction sa = {.sa_handler = SIG_IGN};
    round_with("wait with SIG_IGN", &sa);
    sa.sa_handler = SIG_DFL;
    sa.sa_flags = SA_NOCLDWAIT;
    round_with("wait with SA_NOCLDWAIT", &sa);
    sa.sa_flags = 0;
    sigaction(SIGCHLD, &sa, NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(5);
    reap("default again", pid);
}
