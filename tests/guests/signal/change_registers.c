// A handler may change the saved registers: skip a faulting instruction, give a result, jump elsewhere.
#include "../guest.h"
#include <ucontext.h>

static int mode;
static void elsewhere(void) {
    say("elsewhere");
    _exit(0);
}
static void handler(int sig, siginfo_t *si, void *vuc) {
    greg_t *r = ((ucontext_t *)vuc)->uc_mcontext.gregs;
    (void)sig, (void)si;
    if (mode == 0) {
        r[REG_RAX] = 1234; // as if the three-byte load had succeeded
        r[REG_RIP] += 3;
    } else if (mode == 1) {
        r[REG_RIP] += 2;
        r[REG_RBX] ^= 0xff;
        r[REG_R15] += 1;
        r[REG_EFL] |= 1; // carry
    } else {
        r[REG_RSP] = (r[REG_RSP] & ~15ll) - 256 - 8;
        r[REG_RIP] = (greg_t)(uintptr_t)elsewhere;
    }
}
static long load_null(void) {
    long rax;
    __asm__ volatile("xor %%ecx, %%ecx; mov (%%rcx), %%rax" : "=a"(rax) : : "rcx", "memory", "cc");
    return rax;
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    say("loaded %ld", load_null());
    long sum = 0;
    for (int i = 0; i < 2000; i++) sum += load_null(); // as language runtimes do for null checks
    say("sum %ld", sum);
    mode = 1;
    long rbx = 0xf00, r15 = 41;
    unsigned char carry;
    __asm__ volatile("mov %3, %%r15; clc; ud2; setc %1; mov %%r15, %2" : "+b"(rbx), "=&q"(carry), "=&r"(r15) : "r"(r15) : "r15", "cc");
    say("rbx %lx, r15 %ld, carry %d", rbx, r15, carry);
    mode = 2;
    *(volatile int *)8 = 1;
    say("not reached");
}
