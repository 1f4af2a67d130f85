// The exit signal given to clone is what the parent gets; 0 means none, and such children need __WCLONE or __WALL.
#include "../guest.h"

static volatile int usr1, chld;
static void handler(int sig) { *(sig == SIGUSR1 ? &usr1 : &chld) += 1; }

static void one(const char *what, unsigned long flags) {
    usr1 = chld = 0;
    pid_t pid = syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (pid == 0) _exit(8);
    siginfo_t si;
    while (waitid(P_PID, pid, &si, WEXITED | WNOWAIT | __WALL) == -1 && errno == EINTR) {}
    show(what, waitpid(pid, NULL, WNOHANG) == pid);
    show("  with __WCLONE", waitpid(pid, NULL, __WCLONE) == pid);
    say("  USR1 %d, CHLD %d", usr1, chld);
}

int main(void) {
    signal(SIGUSR1, handler);
    signal(SIGCHLD, handler);
    one("SIGCHLD", SIGCHLD);
    one("SIGUSR1", SIGUSR1);
    one("none", 0);
}
