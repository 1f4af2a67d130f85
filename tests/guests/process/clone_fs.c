// CLONE_FS shares the working directory and the umask; without it both are copies.
#include "../guest.h"

static int child(void *arg) {
    (void)arg;
    umask(077);
    return chdir("sub");
}

int main(void) {
    static char stack[65536] __attribute__((aligned(16)));
    MUST(mkdir("sub", 0755) == 0);
    for (int share = 0; share < 2; share++) {
        umask(022);
        pid_t pid = clone(child, stack + sizeof stack, SIGCHLD | (share ? CLONE_FS : 0), NULL);
        say("CLONE_FS %d", share);
        reap("child", pid);
        say("umask %03o, in sub: %d", umask(0), access("../sub", F_OK) == 0);
    }
}
