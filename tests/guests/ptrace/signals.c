// A tracee stops for every signal, ignored ones too; its tracer passes it on, changes it, or keeps it.
#include "tracer.h"

static void handler(int sig, siginfo_t *si, void *context) {
    (void)context;
    say("handler %s code %d value %d", signame(sig), si->si_code, si->si_code == SI_QUEUE ? si->si_value.sival_int : 0);
}

static void body(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, 0);
    sigaction(SIGUSR2, &sa, 0);
    signal(SIGWINCH, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGWINCH);
    raise(SIGUSR1);
    say("stopping");
    raise(SIGTSTP);
    say("went on");
    raise(SIGTERM);
    say("not reached");
}

int main(void) {
    pid_t pid = tracee(body);
    siginfo_t si;
    show("GETSIGINFO", pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si));
    say("signo %d code %d own %d", si.si_signo, si.si_code, si.si_pid == pid);
    show_stop("1", go(PTRACE_CONT, pid, 0));
    show_stop("2, passed on", go(PTRACE_CONT, pid, SIGUSR1));
    show_stop("3, kept", go(PTRACE_CONT, pid, 0));
    show_stop("4, changed", go(PTRACE_CONT, pid, SIGUSR2));
    show_stop("5, ignored", go(PTRACE_CONT, pid, SIGWINCH));
    MUST(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si) == 0);
    si.si_code = SI_QUEUE;
    si.si_value.sival_int = 33;
    show("SETSIGINFO", pt(PTRACE_SETSIGINFO, pid, 0, (unsigned long)&si));
    show("bad signal", pt(PTRACE_CONT, pid, 0, 65));
    show_stop("6, forged", go(PTRACE_CONT, pid, SIGUSR1));
    show_stop("7, group stop", go(PTRACE_CONT, pid, SIGSTOP));
    show("GETSIGINFO", pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si));
    show("LISTEN", pt(PTRACE_LISTEN, pid, 0, 0));
    show_stop("8, out of the stop", go(PTRACE_CONT, pid, 0));
    show_stop("end", go(PTRACE_CONT, pid, SIGTERM));
    show_ok("gone", pt(PTRACE_CONT, pid, 0, 0));
    return 0;
}
