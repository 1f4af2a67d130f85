// PTRACE_SINGLESTEP runs one instruction; a call is one, and a handler is entered and not begun.
#include "tracer.h"

extern char first[], last[];
static void handler(int sig) { say("handler %d", sig); }

__attribute__((noinline)) static long walk(void) {
    long r;
    __asm__ volatile(
        "first: int3\n nop\n mov $39, %%eax\n syscall\n xor %%ecx, %%ecx\n pushf\n pop %%rdx\n 1: inc %%ecx\n cmp $3, %%ecx\n jne 1b\n mov %%rdx, %%rax\n last: nop\n"
        : "=a"(r)::"rcx", "rdx", "r11", "memory", "cc");
    return r;
}

static void body(void) {
    signal(SIGUSR1, handler);
    walk();
    say("done");
}

int main(void) {
    pid_t pid = tracee(body);
    show_stop("breakpoint", go(PTRACE_CONT, pid, 0));
    int n = 0;
    for (; n < 60; n++) {
        int st = go(PTRACE_SINGLESTEP, pid, 0);
        struct user_regs_struct r = regs_of(pid);
        siginfo_t si;
        MUST(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si) == 0);
        if (!WIFSTOPPED(st) || WSTOPSIG(st) != SIGTRAP) {
            show_stop("odd", st);
            break;
        }
        say("+%llu code %d trap flag %d%s", r.rip - (unsigned long)first, si.si_code, (int)(r.eflags >> 8 & 1),
            (int)r.rax == pid && (long)r.orig_rax >= 0 ? " call" : "");
        if (r.rip == (unsigned long)last) break;
    }
    say("steps %d", n + 1);
    int st = go(PTRACE_SINGLESTEP, pid, SIGUSR1);
    struct user_regs_struct r = regs_of(pid);
    show_stop("signal", st);
    yes("at the handler", r.rip == (unsigned long)handler && r.rdi == SIGUSR1);
    show_stop("end", go(PTRACE_CONT, pid, 0));
    return 0;
}
