// sigaltstack: handlers run on it with SA_ONSTACK only, flags say so, errors, SS_AUTODISARM.
#include "../guest.h"
#define AUTODISARM ((int)(1u << 31))

static char *stack;
static size_t size = 64 << 10;
static void handler(int sig) {
    char here;
    volatile char *p = &here;
    stack_t ss;
    sigaltstack(NULL, &ss);
    say("%s: on the stack %d, flags %d", signame(sig), p >= stack && p < stack + size, ss.ss_flags);
    if (sig == SIGUSR1) {
        stack_t other = {.ss_sp = stack, .ss_size = size / 2};
        show("change while on it", sigaltstack(&other, NULL));
        raise(SIGHUP); // stays on the same stack
    }
}

int main(void) {
    stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t ss, old;
    sigaltstack(NULL, &old);
    say("disabled at first %d", old.ss_flags == SS_DISABLE);
    ss = (stack_t){.ss_sp = stack, .ss_size = 1000};
    show("too small", sigaltstack(&ss, NULL));
    ss = (stack_t){.ss_sp = stack, .ss_size = size, .ss_flags = 8};
    show("bad flags", sigaltstack(&ss, NULL));
    ss.ss_flags = SS_ONSTACK;
    show("SS_ONSTACK is taken for 0", sigaltstack(&ss, NULL));
    ss.ss_flags = 0;
    show("set", sigaltstack(&ss, NULL));
    sigaltstack(NULL, &old);
    yes("read back", old.ss_sp == stack && old.ss_size == size && old.ss_flags == 0);
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    sa.sa_flags = 0;
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR1);
    raise(SIGUSR2);
    ss.ss_flags = AUTODISARM;
    show("autodisarm", sigaltstack(&ss, NULL));
    raise(SIGHUP);
    sigaltstack(NULL, &old);
    yes("armed again after the handler", old.ss_sp == stack && old.ss_flags == AUTODISARM);
    ss.ss_flags = SS_DISABLE;
    show("disable", sigaltstack(&ss, NULL));
    raise(SIGHUP);
}
