// SIGCHLD comes for stops and continues too, unless SA_NOCLDSTOP says otherwise.
#include "../guest.h"

static volatile sig_atomic_t codes[8], count;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    if (count < 8) codes[count++] = si->si_code;
}

// The report of a continue is sent by the continued process itself, so it may come a little after the wait.
static void until(int n, int flags) {
    for (int i = 0; i < 1000 && count < n && !flags; i++) sleep_ms(1);
}

static void run(int flags) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
    sigaction(SIGCHLD, &sa, NULL);
    count = 0;
    pid_t pid = fork();
    if (pid == 0) {
        for (;;) pause();
    }
    int st;
    kill(pid, SIGSTOP);
    waitpid(pid, &st, WUNTRACED);
    until(1, flags);
    show_status("child", st);
    kill(pid, SIGCONT);
    waitpid(pid, &st, WCONTINUED);
    until(2, flags);
    show_status("child", st);
    kill(pid, SIGTERM);
    reap("child", pid);
    say("flags %s: %d signals", flags ? "NOCLDSTOP" : "none", (int)count);
    for (int i = 0; i < count; i++)
        say("  code %s", codes[i] == CLD_STOPPED ? "stopped" : codes[i] == CLD_CONTINUED ? "continued" : codes[i] == CLD_KILLED ? "killed" : "?");
}

int main(void) {
    run(0);
    run(SA_NOCLDSTOP);
}
