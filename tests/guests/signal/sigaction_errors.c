// What sigaction and the other signal calls refuse.
#include "../guest.h"

static void handler(int sig) { (void)sig; }

int main(void) {
    struct sigaction sa = {.sa_handler = handler};
    sigset_t set;
    sigemptyset(&set);
    show("sigaction 0", sigaction(0, &sa, NULL));
    show("sigaction 65", sigaction(65, &sa, NULL));
    show("sigaction KILL", sigaction(SIGKILL, &sa, NULL));
    show("sigaction STOP", sigaction(SIGSTOP, &sa, NULL));
    show("looking at KILL is allowed", sigaction(SIGKILL, NULL, &sa));
    show("raw size 4", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    show("raw size 16", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16));
    show("raw bad pointer", syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8));
    show("procmask how 3", sigprocmask(3, &set, NULL));
    show("procmask how 3 without a set", sigprocmask(3, NULL, &set));
    show("kill 65", kill(getpid(), 65));
    show("kill -1 as signal", kill(getpid(), -1));
    show("kill nobody", kill(0x3fffff, SIGTERM));
    show("kill nobody's group", kill(-0x3fffff, SIGTERM));
    show("tgkill tgid 0", syscall(SYS_tgkill, 0, getpid(), 0));
    show("tgkill tid 0", syscall(SYS_tgkill, getpid(), 0, 0));
    show("tgkill wrong group", syscall(SYS_tgkill, getppid(), getpid(), 0));
    show("tgkill no such thread", syscall(SYS_tgkill, getpid(), 0x3fffff, 0));
    show("tgkill signal 65", syscall(SYS_tgkill, getpid(), getpid(), 65));
    show("tgkill ok", syscall(SYS_tgkill, getpid(), getpid(), 0));
    show("tkill ok", syscall(SYS_tkill, getpid(), 0));
    show("tkill 0", syscall(SYS_tkill, 0, 0));
    show("sigsuspend size", syscall(SYS_rt_sigsuspend, &set, 4));
    show("sigpending size 9", syscall(SYS_rt_sigpending, &set, 9));
    show("sigtimedwait size", syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4));
    struct timespec bad = {0, 1000000000};
    show("sigtimedwait timeout", sigtimedwait(&set, NULL, &bad));
}
