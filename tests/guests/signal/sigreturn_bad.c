// A damaged frame: returning to nonsense, or rt_sigreturn without a frame, kills with SIGSEGV.
#include "../guest.h"
#include <ucontext.h>

static int mode;
static void handler(int sig, siginfo_t *si, void *vuc) {
    ucontext_t *uc = vuc;
    (void)sig, (void)si;
    if (mode == 0) uc->uc_mcontext.gregs[REG_RIP] = 0x10;
    if (mode == 1) uc->uc_mcontext.gregs[REG_RSP] = 64, uc->uc_mcontext.gregs[REG_RIP] = 0;
    if (mode == 2) uc->uc_mcontext.fpregs = (void *)16;
}

int main(void) {
    for (mode = 0; mode < 5; mode++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
            sigaction(SIGUSR1, &sa, NULL);
            if (mode == 4) __asm__ volatile("mov $64, %%rsp; syscall" : : "a"(SYS_rt_sigreturn));
            raise(SIGUSR1);
            _exit(3);
        }
        char what[16];
        snprintf(what, sizeof what, "mode %d", mode);
        reap(what, pid);
    }
}
