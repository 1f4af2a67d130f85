// A fault inside the handler of the same fault kills; with SA_NODEFER it nests.
#include "../guest.h"

static volatile int depth;
static void handler(int sig) {
    (void)sig;
    depth++;
    if (depth < 4) *(volatile char *)8 = 1;
    _exit(depth);
}

int main(void) {
    for (int nodefer = 0; nodefer < 2; nodefer++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct sigaction sa = {.sa_handler = handler, .sa_flags = nodefer ? SA_NODEFER : 0};
            sigaction(SIGSEGV, &sa, NULL);
            *(volatile char *)8 = 1;
            _exit(100);
        }
        reap(nodefer ? "SA_NODEFER" : "plain", pid);
    }
}
