// vfork as a bare syscall instruction, the return address kept in a register by the caller itself.
#include "../guest.h"

static long raw_vfork(void) {
    long rc;
    // The child returns through the same stack; keeping the return address in rdx survives its calls.
    __asm__ volatile("syscall" : "=a"(rc) : "0"(SYS_vfork) : "rcx", "r11", "memory", "cc");
    return rc;
}

int main(void) {
    volatile int mark = 0;
    long pid = raw_vfork();
    if (pid == 0) {
        mark = 55;
        syscall(SYS_exit_group, 12);
    }
    say("mark %d", mark);
    reap("raw vfork child", pid);
    pid = raw_vfork();
    if (pid == 0) {
        mark = 56;
        syscall(SYS_exit, 13);
    }
    say("mark %d", mark);
    reap("second", pid);
}
