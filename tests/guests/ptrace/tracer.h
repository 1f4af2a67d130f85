// What the tracers of this group share.
#ifndef TRACER_H
#define TRACER_H
#include "../guest.h"
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

// A raw request: glibc's wrapper changes the peeks.
static inline long pt(long request, pid_t pid, unsigned long addr, unsigned long data) {
    return syscall(SYS_ptrace, request, (long)pid, addr, data);
}

static inline const char *event_name(int event) {
    static const char *names[] = {"none", "FORK", "VFORK", "CLONE", "EXEC", "VFORK_DONE", "EXIT", "SECCOMP"};
    return event == 128 ? "STOP" : event < 8 ? names[event] : "odd";
}

// One line for a wait status, events included.
static inline void show_stop(const char *what, int st) {
    int event = st >> 16;
    if (WIFSTOPPED(st) && event)
        say("%s: event %s with %s", what, event_name(event), signame(WSTOPSIG(st) & 0x7f));
    else if (WIFSTOPPED(st) && WSTOPSIG(st) == (SIGTRAP | 0x80))
        say("%s: call", what);
    else
        show_status(what, st);
}

// Waits for one tracee, whatever it is.
static inline int next(pid_t pid) {
    int st = 0;
    pid_t r;
    do r = waitpid(pid, &st, __WALL);
    while (r == -1 && errno == EINTR);
    if (r != pid) say("waitpid -> %s", r == -1 ? errname(errno) : "another pid");
    return st;
}

static inline int next_shown(const char *what, pid_t pid) {
    int st = next(pid);
    show_stop(what, st);
    return st;
}

// Resumes and waits.
static inline int go(long how, pid_t pid, int sig) {
    MUST(pt(how, pid, 0, sig) == 0);
    return next(pid);
}

static inline struct user_regs_struct regs_of(pid_t pid) {
    struct user_regs_struct r;
    MUST(pt(PTRACE_GETREGS, pid, 0, (unsigned long)&r) == 0);
    return r;
}

static inline void set_regs(pid_t pid, struct user_regs_struct *r) { MUST(pt(PTRACE_SETREGS, pid, 0, (unsigned long)r) == 0); }

// A child that asks to be traced and stops, then runs `body`.
static inline pid_t tracee(void (*body)(void)) {
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
        raise(SIGSTOP);
        body();
        _exit(0);
    }
    int st = next(pid);
    MUST(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
    return pid;
}
#endif
