// Every general register but rax, rcx and r11 keeps its value over a system call, and so do the flags; r11 and rcx get flags and return address.
#include "../guest.h"

static long regs_in[16], regs_out[16];

static void run(long nr, long a0, long a1, long a2) {
    for (int i = 0; i < 16; i++) regs_in[i] = (long)(0x1111111111111111ul * i + 3);
    regs_in[0] = nr, regs_in[1] = a0, regs_in[2] = a1, regs_in[3] = a2;
    // order: rax rdi rsi rdx rbx rbp r8 r9 r10 r12 r13 r14 r15
    __asm__ volatile("push %%rbp; push %%rbx; lea %0, %%rcx; mov 8(%%rcx), %%rdi; mov 16(%%rcx), %%rsi; mov 24(%%rcx), %%rdx;"
                     "mov 32(%%rcx), %%rbx; mov 40(%%rcx), %%rbp; mov 48(%%rcx), %%r8; mov 56(%%rcx), %%r9; mov 64(%%rcx), %%r10;"
                     "mov 72(%%rcx), %%r12; mov 80(%%rcx), %%r13; mov 88(%%rcx), %%r14; mov 96(%%rcx), %%r15; mov (%%rcx), %%rax;"
                     "std; stc; syscall; 1: pushfq; cld;"
                     "mov %%r11, regs_out+112(%%rip); lea 1b(%%rip), %%r11; sub %%r11, %%rcx; mov %%rcx, regs_out+104(%%rip);"
                     "pop regs_out+120(%%rip); lea regs_out(%%rip), %%rcx;"
                     "mov %%rax, (%%rcx); mov %%rdi, 8(%%rcx); mov %%rsi, 16(%%rcx); mov %%rdx, 24(%%rcx); mov %%rbx, 32(%%rcx); mov %%rbp, 40(%%rcx);"
                     "mov %%r8, 48(%%rcx); mov %%r9, 56(%%rcx); mov %%r10, 64(%%rcx); mov %%r12, 72(%%rcx); mov %%r13, 80(%%rcx); mov %%r14, 88(%%rcx);"
                     "mov %%r15, 96(%%rcx); pop %%rbx; pop %%rbp"
                     :
                     : "m"(regs_in[0])
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

int main(void) {
    // static symbols are named by the assembly, so keep them
    __asm__ volatile("" : : "m"(regs_out[0]));
    static const long calls[] = {SYS_getppid, SYS_sched_yield, SYS_lseek, SYS_close, SYS_rt_sigprocmask, 999, SYS_fcntl};
    int bad = 0, rcx = 0, r11 = 0, flags = 0;
    for (int k = 0; k < 700; k++) {
        run(calls[k % 7], -1, 0, 0);
        for (int i = 1; i <= 12; i++) bad += regs_out[i] != regs_in[i];
        rcx += regs_out[13] == 0;
        flags += (regs_out[15] & 0x401) == 0x401;     // direction and carry
        r11 += (regs_out[14] & 0x401) == 0x401;
    }
    say("changed registers %d, rcx is the return address %d, r11 holds the flags %d, flags kept %d", bad, rcx, r11, flags);
}
