// A binary tree of forks, four levels deep: every node adds its children's exit codes to one.
#include "../guest.h"

static int node(int depth) {
    int sum = 1;
    for (int i = 0; depth > 0 && i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) _exit(node(depth - 1));
        int st;
        MUST(waitpid(pid, &st, 0) == pid);
        sum += WEXITSTATUS(st);
    }
    return sum;
}

int main(void) {
    for (int depth = 0; depth <= 4; depth++) say("depth %d: %d processes", depth, node(depth));
    show("nobody is left", wait(NULL));
}
