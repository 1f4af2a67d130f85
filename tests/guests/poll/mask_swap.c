// ppoll and pselect swap the mask atomically: a pending blocked signal ends them at once, and never gets lost between.
#include "../guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

int main(void) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    sigset_t block, none, now;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    struct timespec t = {5, 0};
    raise(SIGUSR1);
    show("ppoll", ppoll(NULL, 0, &t, &none));
    say("hits %d", (int)hits);
    raise(SIGUSR1);
    show("pselect", pselect(0, NULL, NULL, NULL, &t, &none));
    say("hits %d", (int)hits);
    struct epoll_event ev;
    raise(SIGUSR1);
    show("epoll_pwait", epoll_pwait(epoll_create1(0), &ev, 1, 5000, &none));
    say("hits %d", (int)hits);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("blocked afterwards %d", sigismember(&now, SIGUSR1));
    hits = 0;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 300; i++) {
            kill(getppid(), SIGUSR1);
            while (hits <= i) ppoll(NULL, 0, &t, &none);
        }
        _exit(0);
    }
    for (int i = 0; i < 300; i++) {
        while (hits <= i) MUST(pselect(0, NULL, NULL, NULL, &t, &none) == -1);
        kill(pid, SIGUSR1);
    }
    reap("partner", pid);
    say("rounds %d", (int)hits);
}
