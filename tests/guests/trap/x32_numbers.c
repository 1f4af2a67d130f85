// The x32 bit in a call number: such calls answer ENOSYS on a kernel without x32.
#include "../guest.h"

static long raw(long nr) {
    long rc;
    __asm__ volatile("syscall" : "=a"(rc) : "0"(nr), "D"(0), "S"(0), "d"(0) : "rcx", "r11", "memory");
    return rc;
}

int main(void) {
    static const long nrs[] = {0x40000000l | SYS_getpid, 0x40000000l | 999, 0x40000000l | 512, 0x40000000l | SYS_getuid};
    for (int i = 0; i < 4; i++) {
        long rc = raw(nrs[i]);
        say("%lx: %s", nrs[i], rc < 0 ? errname(-rc) : "answered");
    }
}
