// CLONE_FILES shares the descriptor table: what the child opens and closes is so for us too.
#include "../guest.h"

static int opened;
static int child(void *arg) {
    close(*(int *)arg);
    opened = open("/dev/null", O_RDWR);
    fcntl(1, F_SETFD, FD_CLOEXEC);
    return 0;
}

int main(void) {
    static char stack[65536] __attribute__((aligned(16)));
    for (int share = 0; share < 2; share++) {
        int fd = open("/dev/zero", O_RDONLY);
        opened = -1;
        fcntl(1, F_SETFD, 0);
        pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD | (share ? CLONE_FILES : 0), &fd);
        say("CLONE_FILES %d", share);
        reap("child", pid);
        show("our descriptor", fcntl(fd, F_GETFD));
        char c = 'x';
        say("it reads %zd byte of %d", read(fd, &c, 1), c);
        show("close-on-exec of 1", fcntl(1, F_GETFD));
        yes("the child's descriptor has the number just freed", opened == fd);
        close(fd);
    }
}
