// What a handler finds in its ucontext: mask, stack, registers at the fault, trap number, error code, FP state.
#include "../guest.h"
#include <ucontext.h>

static volatile int stage;
static void handler(int sig, siginfo_t *si, void *vuc) {
    ucontext_t *uc = vuc;
    greg_t *r = uc->uc_mcontext.gregs;
    (void)sig;
    say("stage %d: r12 %llx, rsi %llx, trap %lld, error %lld, cr2 right %d", stage, r[REG_R12], r[REG_RSI], r[REG_TRAPNO], r[REG_ERR],
        (void *)r[REG_CR2] == si->si_addr);
    say("  mask: USR2 %d, SEGV %d; altstack disabled %d", sigismember(&uc->uc_sigmask, SIGUSR2), sigismember(&uc->uc_sigmask, SIGSEGV),
        uc->uc_stack.ss_flags == SS_DISABLE);
    yes("  frame is aligned", ((uintptr_t)__builtin_frame_address(0) & 15) == 0);
    yes("  FP state is there and aligned", uc->uc_mcontext.fpregs && ((uintptr_t)uc->uc_mcontext.fpregs & 63) == 0);
    yes("  mxcsr is the default", uc->uc_mcontext.fpregs->mxcsr == 0x1f80);
    const unsigned *xmm = uc->uc_mcontext.fpregs->_xmm[7].element;
    say("  xmm7 %x %x", xmm[0], xmm[3]);
    uc->uc_mcontext.fpregs->_xmm[7].element[0] = 0xabcd;
    sigaddset(&uc->uc_sigmask, SIGHUP); // the mask after the handler
    r[REG_RIP] += 3;
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    static unsigned seed[4] = {0x11, 0x22, 0x33, 0x44}, out[4];
    for (stage = 0; stage < 2; stage++) {
        __asm__ volatile("movdqu %1, %%xmm7; mov $0x1212, %%r12d; mov $0x3434, %%esi; mov $0x55000, %%ecx;"
                         "test %2, %2; jnz 1f; mov (%%rcx), %%rax; jmp 2f; 1: mov %%rax, (%%rcx); 2: movdqu %%xmm7, %0"
                         : "=m"(out)
                         : "m"(seed), "d"(stage)
                         : "xmm7", "r12", "rsi", "rcx", "rax", "memory", "cc");
        say("xmm7 afterwards %x %x", out[0], out[3]);
    }
    sigprocmask(SIG_BLOCK, NULL, &set);
    say("HUP blocked afterwards %d", sigismember(&set, SIGHUP));
}
