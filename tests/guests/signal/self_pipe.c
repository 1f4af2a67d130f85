// The self-pipe: a handler writes a byte for every signal, poll sees it whatever the moment.
#include "../guest.h"
#include <poll.h>

static int p[2];
static void handler(int sig) {
    char c = sig;
    int saved = errno;
    if (write(p[1], &c, 1) != 1) _exit(97);
    errno = saved;
}

int main(void) {
    MUST(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGCHLD, &sa, NULL);
    gate_t next;
    gate_init(&next);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 300; i++) {
            kill(getppid(), SIGUSR1);
            gate_wait(&next); // one at a time, so that none merges
        }
        _exit(0);
    }
    int usr = 0, chld = 0;
    while (!chld) {
        struct pollfd pf = {p[0], POLLIN, 0};
        int rc = poll(&pf, 1, 5000);
        if (rc == -1 && errno == EINTR) continue;
        MUST(rc == 1);
        char buf[16];
        ssize_t n = read(p[0], buf, sizeof buf);
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] == SIGUSR1) {
                usr++;
                gate_open(&next);
            } else
                chld++;
        }
    }
    say("USR1 %d, CHLD %d", usr, chld);
    reap("child", pid);
}
