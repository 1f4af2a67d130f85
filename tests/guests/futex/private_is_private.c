// A private or private-memory futex in the child is another futex than the parent's after fork.
#include "../guest.h"
#include <linux/futex.h>

int main(void) {
    int *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *w = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec t = {0, 60000000};
        long rc = syscall(SYS_futex, w, FUTEX_WAIT, 0, &t, NULL, 0);
        _exit(rc == -1 && errno == ETIMEDOUT ? 1 : 2);
    }
    settle(pid);
    show("woken", syscall(SYS_futex, w, FUTEX_WAKE, 10, NULL, NULL, 0));
    reap("child timed out", pid);
}
