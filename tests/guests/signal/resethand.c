// SA_RESETHAND: the handler runs once, the disposition is default already inside it.
#include "../guest.h"

static void handler(int sig) {
    struct sigaction sa;
    sigaction(sig, NULL, &sa);
    say("in the handler, default %d", sa.sa_handler == SIG_DFL);
}

int main(void) {
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESETHAND};
        sigaction(SIGUSR1, &sa, NULL);
        sigaction(SIGUSR1, NULL, &sa);
        say("flag kept %d", !!(sa.sa_flags & SA_RESETHAND));
        raise(SIGUSR1);
        say("once");
        raise(SIGUSR1);
        say("not reached");
    }
    reap("child", pid);
}
