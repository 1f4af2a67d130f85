// Nested handlers: a signal raised in a handler waits for its end if blocked there, else runs inside.
#include "../guest.h"

static volatile int depth, deepest;
static void inner(int sig) { say("  %s at depth %d", signame(sig), depth); }
static void outer(int sig) {
    depth++;
    say("enter %s", signame(sig));
    raise(SIGUSR2); // not blocked: inside
    raise(SIGHUP);  // in sa_mask: afterwards
    say("leave %s", signame(sig));
    depth--;
}
static void again(int sig) {
    if (++depth > deepest) deepest = depth;
    if (depth < 20) raise(sig);
    depth--;
}

int main(void) {
    struct sigaction sa = {.sa_handler = outer};
    sigaddset(&sa.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &sa, NULL);
    signal(SIGUSR2, inner);
    signal(SIGHUP, inner);
    raise(SIGUSR1);
    sa.sa_handler = again;
    sa.sa_flags = SA_NODEFER;
    sigaction(SIGALRM, &sa, NULL);
    raise(SIGALRM);
    say("SA_NODEFER went %d deep", deepest);
}
