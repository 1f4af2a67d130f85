// Forty children alive at once; each reports through a pipe, and every pid is its own.
#include "../guest.h"
#define N 40

int main(void) {
    gate_t go, back;
    pid_t pid[N];
    gate_init(&go);
    gate_init(&back);
    for (int i = 0; i < N; i++) {
        pid[i] = fork();
        MUST(pid[i] >= 0);
        if (pid[i] == 0) {
            gate_open(&back);
            gate_wait(&go);
            _exit(i);
        }
    }
    for (int i = 0; i < N; i++) gate_wait(&back);
    int distinct = 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) distinct &= pid[i] != pid[j];
    yes("all pids differ", distinct);
    for (int i = 0; i < N; i++) gate_open(&go);
    int sum = 0;
    for (int i = N - 1; i >= 0; i--) {
        int st;
        MUST(waitpid(pid[i], &st, 0) == pid[i]);
        sum += WEXITSTATUS(st) == i;
    }
    say("%d of %d exit codes right", sum, N);
    show("wait", wait(NULL));
}
