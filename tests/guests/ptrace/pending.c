// PTRACE_PEEKSIGINFO lists what waits, PTRACE_GETSIGMASK and PTRACE_SETSIGMASK what is blocked.
#include "tracer.h"

static void body(void) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, 0);
    union sigval v = {.sival_int = 1};
    sigqueue(getpid(), SIGRTMIN, v);
    v.sival_int = 2;
    sigqueue(getpid(), SIGRTMIN, v);
    raise(SIGUSR2);
    __asm__ volatile("int3");
    say("not reached");
}

int main(void) {
    pid_t pid = tracee(body);
    show_stop("breakpoint", go(PTRACE_CONT, pid, 0));
    unsigned long mask = 0;
    show("GETSIGMASK", pt(PTRACE_GETSIGMASK, pid, 8, (unsigned long)&mask));
    // A fault's signal is let through, come what may.
    say("blocked: TERM %d TRAP %d KILL %d", (int)(mask >> (SIGTERM - 1) & 1), (int)(mask >> (SIGTRAP - 1) & 1), (int)(mask >> (SIGKILL - 1) & 1));
    struct __ptrace_peeksiginfo_args args = {0, 0, 8};
    siginfo_t list[8];
    show("own", pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list));
    say("%s", signame(list[0].si_signo));
    args.flags = PTRACE_PEEKSIGINFO_SHARED;
    long n = pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list);
    show("shared", n);
    for (int i = 0; i < n; i++) say("%s %d", signame(list[i].si_signo), list[i].si_value.sival_int);
    args.off = 1;
    args.nr = 1;
    show("second", pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list));
    say("%d", list[0].si_value.sival_int);
    args.off = 10;
    show("beyond", pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list));
    args.nr = -1;
    show("negative", pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list));
    args.nr = 1;
    args.flags = 6;
    show("odd flag", pt(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)list));
    mask = ~0ul & ~(1ul << (SIGUSR2 - 1));
    show("SETSIGMASK", pt(PTRACE_SETSIGMASK, pid, 8, (unsigned long)&mask));
    show_stop("uncovered", go(PTRACE_CONT, pid, 0));
    show_stop("end", go(PTRACE_CONT, pid, SIGKILL));
    return 0;
}
