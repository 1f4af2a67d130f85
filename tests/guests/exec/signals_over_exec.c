// Over exec: ignored signals stay ignored, handlers become default, mask and pending signals stay, altstack goes.
#include "../guest.h"

static void handler(int sig) { (void)sig; }
static const char *kind(int sig) {
    struct sigaction sa;
    sigaction(sig, NULL, &sa);
    return sa.sa_handler == SIG_DFL ? "default" : sa.sa_handler == SIG_IGN ? "ignored" : "handled";
}

int main(int argc, char **argv) {
    (void)argv;
    sigset_t set;
    if (argc > 1) {
        stack_t ss;
        say("USR1 %s, USR2 %s, HUP %s, CHLD %s", kind(SIGUSR1), kind(SIGUSR2), kind(SIGHUP), kind(SIGCHLD));
        sigprocmask(SIG_BLOCK, NULL, &set);
        say("mask: TERM %d, INT %d", sigismember(&set, SIGTERM), sigismember(&set, SIGINT));
        sigpending(&set);
        say("pending: TERM %d, RT %d", sigismember(&set, SIGTERM), sigismember(&set, SIGRTMIN));
        sigaltstack(NULL, &ss);
        say("altstack disabled %d", ss.ss_flags == SS_DISABLE);
        siginfo_t si;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMIN);
        for (int i = 0; i < 2; i++) {
            int got = sigwaitinfo(&set, &si);
            say("%s value %d", signame(got), si.si_value.sival_int);
        }
        return 0;
    }
    static char stack[16384];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&ss, NULL);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGHUP, SIG_DFL);
    signal(SIGCHLD, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_SETMASK, &set, NULL);
    raise(SIGTERM);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 11});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 22});
    execl("/proc/self/exe", "x", "child", (char *)NULL);
}
