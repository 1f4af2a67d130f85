// Two processes send each other 2000 queued real-time signals at once; none may be lost or reordered.
#include "../guest.h"
#define N 2000

static volatile sig_atomic_t got, ordered = 1;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    ordered &= si->si_value.sival_int == got;
    got++;
}

static void fight(pid_t other) {
    for (int i = 0; i < N; i++)
        while (sigqueue(other, SIGRTMIN, (union sigval){.sival_int = i}) == -1) MUST(errno == EAGAIN);
    for (long end = now_ms() + 10000; got < N && now_ms() < end;) sleep_ms(1);
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &sa, NULL);
    gate_t leave;
    gate_init(&leave);
    pid_t pid = fork();
    if (pid == 0) {
        fight(getppid());
        gate_wait(&leave);
        say("child got %d, in order %d", (int)got, (int)ordered);
        _exit(0);
    }
    fight(pid);
    gate_open(&leave);
    reap("child", pid);
    say("parent got %d, in order %d", (int)got, (int)ordered);
}
