// With PTRACE_O_TRACE* a tracee stops at fork, vfork, clone, exec and exit, and its children are traced from their first instruction.
#include "tracer.h"
#include <pthread.h>

static void *thread(void *arg) { return arg; }

static void body(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(3);
    waitpid(pid, 0, 0);
    pid = vfork();
    if (pid == 0) _exit(4);
    waitpid(pid, 0, 0);
    pthread_t t;
    pthread_create(&t, 0, thread, 0);
    pthread_join(t, 0);
    execl("/bin/sh", "sh", "-c", "exit 6", NULL);
    _exit(99);
}

static long message(pid_t pid) {
    unsigned long m = 0;
    MUST(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&m) == 0);
    return m;
}

// One child's life, to its end.
static void child(const char *what, pid_t pid) {
    char line[40];
    snprintf(line, sizeof line, "  %s", what);
    next_shown(line, pid);
    for (;;) {
        int st = go(PTRACE_CONT, pid, 0);
        show_stop(line, st);
        if (!WIFSTOPPED(st)) return;
        if (st >> 16 == PTRACE_EVENT_EXIT) say("  status %lx", message(pid));
    }
}

int main(void) {
    pid_t pid = tracee(body);
    long all = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT;
    show("SETOPTIONS", pt(PTRACE_SETOPTIONS, pid, 0, all));
    pid_t last = 0;
    for (int sig = 0;;) {
        int st = go(PTRACE_CONT, pid, sig);
        sig = 0;
        show_stop("main", st);
        if (!WIFSTOPPED(st)) break;
        siginfo_t si;
        switch (st >> 16) {
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
        case PTRACE_EVENT_CLONE:
            MUST(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si) == 0);
            say("  code %x", si.si_code);
            last = message(pid);
            child(event_name(st >> 16), last);
            break;
        case PTRACE_EVENT_VFORK_DONE: yes("  the same child", message(pid) == last); break;
        case PTRACE_EVENT_EXEC: yes("  by itself", message(pid) == pid); break;
        case PTRACE_EVENT_EXIT: say("  status %lx", message(pid)); break;
        default: sig = WSTOPSIG(st);
        }
    }
    return 0;
}
