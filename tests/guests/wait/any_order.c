// wait returns every child exactly once, whatever order they end in.
#include "../guest.h"
#define N 30

int main(void) {
    gate_t gate[N];
    pid_t pid[N];
    int seen[N] = {0}, st;
    for (int i = 0; i < N; i++) {
        gate_init(&gate[i]);
        if ((pid[i] = fork()) == 0) {
            gate_wait(&gate[i]);
            _exit(i);
        }
    }
    for (int i = 0; i < N; i++) gate_open(&gate[(i * 7) % N]);
    for (int i = 0; i < N; i++) {
        pid_t got = wait(&st);
        for (int j = 0; j < N; j++)
            if (pid[j] == got && WEXITSTATUS(st) == j) seen[j]++;
    }
    int once = 0;
    for (int i = 0; i < N; i++) once += seen[i] == 1;
    say("%d children seen exactly once", once);
    show("and no more", wait(NULL));
    // one after the other: the order of ending is the order of waiting
    for (int i = 0; i < 3; i++) {
        gate_t g;
        gate_init(&g);
        if (fork() == 0) {
            gate_wait(&g);
            _exit(50 + i);
        }
        gate_open(&g);
        wait(&st);
        show_status("next", st);
    }
}
