// CLONE_PARENT: the new process is our sibling, so our parent waits for it and we cannot.
#include "../guest.h"

int main(void) {
    int words[2];
    gate_t go;
    MUST(pipe(words) == 0);
    gate_init(&go);
    pid_t top = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        pid_t sibling = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0L);
        if (sibling == 0) {
            gate_wait(&go);
            yes("the sibling's parent is the top process", getppid() == top);
            _exit(31);
        }
        show("its creator cannot wait for it", waitpid(sibling, NULL, 0));
        MUST(write(words[1], &sibling, sizeof sibling) == sizeof sibling);
        _exit(30);
    }
    reap("creator", pid);
    pid_t sibling = -1;
    MUST(read(words[0], &sibling, sizeof sibling) == sizeof sibling);
    gate_open(&go);
    reap("sibling", sibling);
}
