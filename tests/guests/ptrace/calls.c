// PTRACE_SYSCALL stops before and after each call; the tracer sees and changes number, arguments and result, or lets it not be made.
#include "tracer.h"

static void body(void) {
    long r = syscall(SYS_getppid);
    if (r == 4711) write(1, "told 4711\n", 10);
    errno = 0;
    r = syscall(SYS_dup, 77);
    say("dup says %ld %s", r, errname(errno));
    r = syscall(SYS_getuid);
    say("skipped says %ld %s", r, errname(errno));
    write(1, "one\n", 4);
    r = syscall(9999);
    say("unknown says %ld %s", r, errname(errno));
    _exit(5);
}

static void show_info(pid_t pid) {
    struct __ptrace_syscall_info i;
    memset(&i, 0xee, sizeof i);
    long n = pt(PTRACE_GET_SYSCALL_INFO, pid, sizeof i, (unsigned long)&i);
    struct user_regs_struct r = regs_of(pid);
    say("  info: %ld bytes, op %d, arch %s, ip %s, sp %s", n, i.op, i.arch == 0xc000003e ? "x86-64" : "odd",
        i.instruction_pointer == r.rip ? "same" : "OTHER", i.stack_pointer == r.rsp ? "same" : "OTHER");
    if (i.op == PTRACE_SYSCALL_INFO_ENTRY) say("  entry %s", i.entry.nr == r.orig_rax && i.entry.args[0] == r.rdi ? "as the registers" : "OTHER");
    if (i.op == PTRACE_SYSCALL_INFO_EXIT) say("  exit %s, error %d", i.exit.rval == (long)r.rax ? "as the registers" : "OTHER", i.exit.is_error);
}

int main(void) {
    pid_t pid = tracee(body);
    show_info(pid);
    show("SETOPTIONS", pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
    for (int n = 0; n < 100; n++) {
        int st = go(PTRACE_SYSCALL, pid, 0);
        if (!WIFSTOPPED(st)) {
            show_stop("end", st);
            return 0;
        }
        MUST(WSTOPSIG(st) == (SIGTRAP | 0x80));
        struct user_regs_struct r = regs_of(pid);
        int entry = (long)r.rax == -ENOSYS && n % 2 == 0;
        siginfo_t si;
        MUST(pt(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&si) == 0);
        unsigned long message = 99;
        MUST(pt(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message) == 0);
        if (r.orig_rax != SYS_write)
            say("%s %llu: rcx %s rip, code %#x, pid %s, message %lu", entry ? "entry" : "exit", r.orig_rax, r.rcx == r.rip ? "is" : "IS NOT", si.si_code,
                si.si_pid == pid ? "its own" : "OTHER", message);
        if (n < 4) show_info(pid);
        if (r.orig_rax == SYS_getppid && !entry) {
            r.rax = 4711;
            set_regs(pid, &r);
        }
        if (r.orig_rax == SYS_dup && entry) {
            // Another argument, another call: close(78) answers EBADF too, dup(1) would not.
            r.orig_rax = SYS_getpgid;
            r.rdi = -1;
            set_regs(pid, &r);
        }
        if (r.orig_rax == SYS_getuid && entry) {
            r.orig_rax = -1;
            r.rax = -EDOM;
            set_regs(pid, &r);
        }
    }
    return 1;
}
