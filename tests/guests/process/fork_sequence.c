// Two hundred children one after the other, half of them killed.
#include "../guest.h"

int main(void) {
    int exits = 0, kills = 0, parent_ok = 0;
    pid_t me = getpid();
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        MUST(pid >= 0);
        if (pid == 0) {
            if (getppid() != me) _exit(255);
            if (i % 2) raise(SIGKILL);
            _exit(i % 100);
        }
        int st;
        MUST(waitpid(pid, &st, 0) == pid);
        if (WIFEXITED(st)) exits++, parent_ok += WEXITSTATUS(st) == i % 100;
        if (WIFSIGNALED(st)) kills += WTERMSIG(st) == SIGKILL;
    }
    say("exits %d, with the right code %d, kills %d", exits, parent_ok, kills);
}
