// All registers of a stopped tracee can be read and written, one by one, together, and as sets of two kinds.
#include "tracer.h"

static volatile long seen_r12, seen_rax;
static unsigned char seen_xmm[16];

static void landing(void) {
    __asm__ volatile("movups %%xmm3, %0\n\tmov %%r12, %1" : "=m"(seen_xmm), "=m"(seen_r12));
    say("landed, r12 %lx, xmm3 %02x..%02x", seen_r12, seen_xmm[0], seen_xmm[15]);
    _exit(seen_xmm[3]);
}

static void body(void) {
    __asm__ volatile("mov $0x123456789abcdef0, %%r13\n\tmov $7, %%r14\n\tint3" ::: "r13", "r14");
    say("not reached");
}

int main(void) {
    pid_t pid = tracee(body);
    show_stop("breakpoint", go(PTRACE_CONT, pid, 0));
    struct user_regs_struct r = regs_of(pid);
    say("r13 %llx r14 %llx orig %lld cs %llx ss %llx ds %llx es %llx fs %llx gs %llx", r.r13, r.r14, (long long)r.orig_rax, r.cs, r.ss, r.ds, r.es, r.fs, r.gs);
    yes("fs base", r.fs_base != 0 && r.gs_base == 0);
    siginfo_t si;
    MUST(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si) == 0);
    say("siginfo %d code %x", si.si_signo, si.si_code);
    unsigned long word = 0;
    show("PEEKUSER", pt(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, r13), (unsigned long)&word));
    say("r13 %lx", word);
    show("PEEKUSER odd", pt(PTRACE_PEEKUSER, pid, 3, (unsigned long)&word));
    show("PEEKUSER beyond", pt(PTRACE_PEEKUSER, pid, sizeof(struct user), (unsigned long)&word));
    show("PEEKUSER debug", pt(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[7]), (unsigned long)&word));
    show("POKEUSER cs", pt(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, cs), 0));
    show("POKEUSER fs_base", pt(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, fs_base), 1ul << 63));
    show("POKEUSER beyond", pt(PTRACE_POKEUSER, pid, offsetof(struct user, u_ar0), 0));
    show("POKEUSER r12", pt(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, r12), 0xabcd));
    struct user_regs_struct set;
    struct iovec iov = {&set, sizeof set};
    show("GETREGSET", pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov));
    say("%zu bytes, r12 %llx", iov.iov_len, set.r12);
    iov.iov_len = 16;
    show("GETREGSET part", pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov));
    say("%zu bytes", iov.iov_len);
    iov.iov_len = 15;
    show("GETREGSET odd", pt(PTRACE_GETREGSET, pid, 1, (unsigned long)&iov));
    show("GETREGSET kind", pt(PTRACE_GETREGSET, pid, 0x777, (unsigned long)&iov));
    struct user_fpregs_struct fp;
    show("GETFPREGS", pt(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp));
    say("cwd %x mxcsr %x", fp.cwd, fp.mxcsr);
    memset((char *)fp.xmm_space + 3 * 16, 0x5a, 16);
    ((unsigned char *)fp.xmm_space)[3 * 16 + 15] = 0xa5;
    fp.mxcsr |= 1u << 31;
    show("SETFPREGS mxcsr", pt(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp));
    fp.mxcsr &= ~(1u << 31);
    show("SETFPREGS", pt(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp));
    static unsigned char x[16384];
    iov = (struct iovec){x, sizeof x};
    show("GETREGSET xstate", pt(PTRACE_GETREGSET, pid, 0x202, (unsigned long)&iov));
    yes("xstate", iov.iov_len >= 576 && x[160 + 48] == 0x5a && (x[464] & 3) == 3 && (x[512] & 2));
    x[160 + 48 + 3] = 42;
    show("SETREGSET xstate", pt(PTRACE_SETREGSET, pid, 0x202, (unsigned long)&iov));
    set.rip = (unsigned long)landing;
    set.rsp = (set.rsp & ~15ul) - 8 - 512;
    set.r12 = 0xfeed;
    iov = (struct iovec){&set, sizeof set};
    show("SETREGSET", pt(PTRACE_SETREGSET, pid, 1, (unsigned long)&iov));
    show_stop("end", go(PTRACE_CONT, pid, 0));
    return 0;
}
