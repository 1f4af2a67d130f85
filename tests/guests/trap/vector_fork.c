// Vector registers, control words and all general registers arrive in a forked child as they were in the parent.
#include "../guest.h"
#include "vector.h"

int main(void) {
    vector_detect();
    for (int i = 0; i < 20; i++) {
        int pid_or_bad = vector_fork_round(i);
        if (pid_or_bad < 0) say("parent's registers changed");
        int st;
        MUST(wait(&st) > 0);
        if (st) show_status("child", st);
    }
    say("20 forks");
    unsigned csr, set = 0x1fa0 | 0x6000;
    unsigned short cw, set_cw = 0x0f7f;
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(set), "m"(set_cw));
    pid_t pid = fork();
    syscall(SYS_getppid);
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(csr), "=m"(cw));
    if (pid == 0) {
        say("child: mxcsr %x, control word %x", csr, cw);
        _exit(0);
    }
    reap("child", pid);
    say("parent: mxcsr %x, control word %x", csr, cw);
}
