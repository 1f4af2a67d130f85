// Stopping and continuing a whole process group: every member stops, and every member goes on.
#include "../guest.h"
#define N 5

int main(void) {
    pid_t pid[N];
    for (int i = 0; i < N; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            for (;;) pause();
        }
        setpgid(pid[i], pid[0]);
    }
    int st;
    show("SIGSTOP to the group", kill(-pid[0], SIGSTOP));
    for (int i = 0; i < N; i++) {
        MUST(waitpid(pid[i], &st, WUNTRACED) == pid[i]);
        show_status("member", st);
    }
    show("SIGCONT to the group", kill(-pid[0], SIGCONT));
    for (int i = 0; i < N; i++) {
        MUST(waitpid(pid[i], &st, WCONTINUED) == pid[i]);
        show_status("member", st);
    }
    show("SIGKILL to the group", kill(-pid[0], SIGKILL));
    for (int i = 0; i < N; i++) reap("member", pid[i]);
}
