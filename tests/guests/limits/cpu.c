// RLIMIT_CPU: SIGXCPU at the soft limit, which a handler may survive.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGXCPU; }

int main(void) {
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXCPU, handler);
        show("limit", setrlimit(RLIMIT_CPU, &(struct rlimit){1, 10}));
        while (!hits) {}
        _exit(7);
    }
    reap("handled", pid);
}
