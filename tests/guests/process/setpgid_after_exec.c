// A parent may move its child to another group only until the child has called execve: EACCES.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc > 1) { // the exec'd image: report and wait for the end of standard input's pipe
        char c;
        MUST(write(atoi(argv[1]), "r", 1) == 1);
        if (read(atoi(argv[2]), &c, 1) < 0) return 1;
        return 5;
    }
    gate_t ready, go;
    gate_init(&ready);
    gate_init(&go);
    pid_t pid = fork();
    if (pid == 0) {
        char w[16], r[16];
        snprintf(w, sizeof w, "%d", ready.fd[1]);
        snprintf(r, sizeof r, "%d", go.fd[0]);
        execl("/proc/self/exe", "again", w, r, (char *)NULL);
        _exit(99);
    }
    gate_wait(&ready);
    show("setpgid(child after exec)", setpgid(pid, pid));
    yes("child is still in our group", getpgid(pid) == getpgrp());
    gate_open(&go);
    reap("child", pid);
}
