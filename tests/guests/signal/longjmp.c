// Leaving handlers by siglongjmp, a thousand times, with the mask restored or not.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile int count;
static void handler(int sig) {
    (void)sig;
    count++;
    siglongjmp(back, 1);
}

int main(void) {
    sigset_t now;
    static volatile int i;
    signal(SIGUSR1, handler);
    for (i = 0; i < 1000; i++)
        if (sigsetjmp(back, 1) == 0) raise(SIGUSR1);
    say("jumps %d", count);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("USR1 blocked %d", sigismember(&now, SIGUSR1));
    if (sigsetjmp(back, 0) == 0) raise(SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    say("USR1 blocked after a jump that saves no mask %d, jumps %d", sigismember(&now, SIGUSR1), count);
    raise(SIGUSR1);
    say("jumps %d", count);
    if (sigsetjmp(back, 0) == 0) sigprocmask(SIG_UNBLOCK, &now, NULL);
    say("jumps %d", count);
}
