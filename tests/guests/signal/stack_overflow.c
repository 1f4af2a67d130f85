// Running off the stack raises SIGSEGV, which only an alternate stack can handle; without one the process dies.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }
static __attribute__((noinline)) int dive(volatile char *above) {
    volatile char frame[1024];
    frame[0] = above[0] + 1;
    if (frame[0] == 0 && above == NULL) return 0;
    return dive(frame) + frame[0];
}

int main(void) {
    struct rlimit lim;
    getrlimit(RLIMIT_STACK, &lim);
    lim.rlim_cur = 2 << 20;
    setrlimit(RLIMIT_STACK, &lim);
    static char alt[65536];
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
    sigaltstack(&ss, NULL);
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &sa, NULL);
    char zero = 0;
    static volatile int i;
    for (i = 0; i < 3; i++) {
        int sig = sigsetjmp(back, 1);
        if (sig == 0)
            say("result %d", dive(&zero));
        else
            say("overflow caught: %s", signame(sig));
    }
    sa.sa_flags = 0; // the frame does not fit: forced to die
    for (int ignore = 0; ignore < 2; ignore++) {
        pid_t pid = fork();
        if (pid == 0) {
            sigaction(SIGSEGV, &sa, NULL);
            if (ignore) signal(SIGSEGV, SIG_IGN);
            _exit(dive(&zero));
        }
        reap(ignore ? "ignored" : "handler without a stack", pid);
    }
}
