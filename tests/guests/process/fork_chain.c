// A chain of sixty processes: each waits for the next one and passes its depth back.
#include "../guest.h"

int main(void) {
    int depth = 0;
    pid_t pid;
    while (depth < 60 && (pid = fork()) == 0) depth++;
    if (depth == 60) _exit(60);
    int st;
    MUST(waitpid(pid, &st, 0) == pid);
    if (depth > 0) _exit(WEXITSTATUS(st) == depth + 1 ? depth : 200);
    show_status("first link", st);
}
