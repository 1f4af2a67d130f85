// ATTACH, DETACH, SEIZE, INTERRUPT and LISTEN: a tracer comes and goes while its tracee sleeps, computes, or is stopped.
#include "tracer.h"

static volatile long turns;
static gate_t up, down;

static void sleeper(void) {
    gate_open(&up);
    char c;
    long r = read(down.fd[0], &c, 1);
    say("sleeper read %ld", r);
}

static void spinner(void) {
    gate_open(&up);
    for (;;) turns++;
}

static int tracer_of(pid_t pid) {
    char name[64], line[128];
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    FILE *f = fopen(name, "r");
    int tracer = -1;
    while (f && fgets(line, sizeof line, f)) sscanf(line, "TracerPid: %d", &tracer);
    if (f) fclose(f);
    return tracer;
}

static pid_t start(void (*body)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    gate_wait(&up);
    return pid;
}

static char state(pid_t pid) {
    char name[16];
    snprintf(name, sizeof name, "%d", pid);
    return proc_state(name);
}

int main(void) {
    gate_init(&up);
    gate_init(&down);
    pid_t pid = start(sleeper);
    settle(pid);
    say("tracer %d", tracer_of(pid));
    show("ATTACH", pt(PTRACE_ATTACH, pid, 0, 0));
    next_shown("attached", pid);
    yes("TracerPid", tracer_of(pid) == getpid());
    say("state %c", state(pid));
    show("ATTACH twice", pt(PTRACE_ATTACH, pid, 0, 0));
    show("INTERRUPT", pt(PTRACE_INTERRUPT, pid, 0, 0));
    show("DETACH", pt(PTRACE_DETACH, pid, 0, 0));
    say("tracer %d", tracer_of(pid));
    show("CONT", pt(PTRACE_CONT, pid, 0, 0));
    gate_open(&down);
    reap("sleeper", pid);

    pid = start(sleeper);
    settle(pid);
    show("SEIZE", pt(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
    show("CONT running", pt(PTRACE_CONT, pid, 0, 0));
    show("INTERRUPT", pt(PTRACE_INTERRUPT, pid, 0, 0));
    next_shown("interrupted", pid);
    siginfo_t si;
    show("GETSIGINFO", pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si));
    say("signo %d code %x", si.si_signo, si.si_code);
    show("LISTEN", pt(PTRACE_LISTEN, pid, 0, 0));
    show("INTERRUPT", pt(PTRACE_INTERRUPT, pid, 0, 0));
    next_shown("interrupted", pid);
    show_ok("CONT", pt(PTRACE_CONT, pid, 0, 0));
    kill(pid, SIGSTOP);
    next_shown("signal", pid);
    show_stop("group stop", go(PTRACE_CONT, pid, SIGSTOP));
    show("GETSIGINFO", pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si));
    say("signo %d code %x", si.si_signo, si.si_code);
    show("LISTEN", pt(PTRACE_LISTEN, pid, 0, 0));
    show("GETREGS while it listens", pt(PTRACE_GETREGS, pid, 0, (unsigned long)&si));
    kill(pid, SIGCONT);
    next_shown("continued", pid);
    show_stop("signal", go(PTRACE_CONT, pid, 0));
    show("DETACH", pt(PTRACE_DETACH, pid, 0, 0));
    gate_open(&down);
    reap("sleeper", pid);

    pid = start(spinner);
    show("ATTACH", pt(PTRACE_ATTACH, pid, 0, 0));
    next_shown("attached", pid);
    unsigned long a = 0, b = 0;
    MUST(pt(PTRACE_PEEKDATA, pid, (unsigned long)&turns, (unsigned long)&a) == 0);
    sleep_ms(2);
    MUST(pt(PTRACE_PEEKDATA, pid, (unsigned long)&turns, (unsigned long)&b) == 0);
    yes("it stands still", a == b);
    show("DETACH with a signal", pt(PTRACE_DETACH, pid, 0, SIGSTOP));
    int st;
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_stop("as a child", st);
    show("ATTACH to a stopped one", pt(PTRACE_ATTACH, pid, 0, 0));
    next_shown("attached", pid);
    show("KILL", pt(PTRACE_KILL, pid, 0, 0));
    next_shown("end", pid);
    return 0;
}
