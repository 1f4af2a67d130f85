// kill with 0 and with negative ids reaches exactly the group.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

int main(void) {
    gate_t ready, go;
    gate_init(&ready);
    gate_init(&go);
    signal(SIGUSR1, handler);
    pid_t top = fork();
    if (top != 0) {
        reap("top", top);
        return 0;
    }
    setpgid(0, 0);
    pid_t pid[4];
    for (int i = 0; i < 4; i++)
        if ((pid[i] = fork()) == 0) {
            if (i == 2) setpgid(0, 0);
            gate_open(&ready);
            gate_wait(&go);
            _exit(hits);
        }
    for (int i = 0; i < 4; i++) gate_wait(&ready);
    show("kill(0)", kill(0, SIGUSR1));
    say("we got %d", (int)hits);
    show("kill(-other group)", kill(-pid[2], SIGUSR1));
    show("kill(0, 0)", kill(0, 0));
    say("we got %d", (int)hits);
    for (int i = 0; i < 4; i++) gate_open(&go);
    for (int i = 0; i < 4; i++) reap("member's count", pid[i]);
}
