// SA_NOCLDWAIT with a handler: the handler still runs, but there is nothing to wait for.
#include "../guest.h"

static volatile sig_atomic_t calls, code, status;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    calls++;
    code = si->si_code;
    status = si->si_status;
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NOCLDWAIT};
    sigaction(SIGCHLD, &sa, NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(23);
    int rc;
    do rc = waitpid(pid, NULL, 0);
    while (rc == -1 && errno == EINTR);
    show("waitpid", rc);
    say("handler calls %d, code %s, status %d", (int)calls, code == CLD_EXITED ? "exited" : "?", (int)status);
}
