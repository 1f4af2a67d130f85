// CLONE_CLEAR_SIGHAND: handlers become default in the child, ignored signals stay ignored.
#include "../guest.h"
#include <linux/sched.h>

static void handler(int sig) { (void)sig; }

int main(void) {
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    for (int clear = 0; clear < 2; clear++) {
        struct clone_args a = {.flags = clear ? CLONE_CLEAR_SIGHAND : 0, .exit_signal = SIGCHLD};
        pid_t pid = syscall(SYS_clone3, &a, sizeof a);
        MUST(pid >= 0);
        if (pid == 0) {
            struct sigaction one, two;
            sigaction(SIGUSR1, NULL, &one);
            sigaction(SIGUSR2, NULL, &two);
            say("clear %d: USR1 default %d, USR2 ignored %d", clear, one.sa_handler == SIG_DFL, two.sa_handler == SIG_IGN);
            raise(SIGUSR1);
            _exit(0);
        }
        reap("child", pid);
    }
}
