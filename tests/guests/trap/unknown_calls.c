// Call numbers that do not exist: ENOSYS, from every gap and extreme, by the raw instruction.
#include "../guest.h"

static long raw(long nr) {
    long rc;
    __asm__ volatile("syscall" : "=a"(rc) : "0"(nr), "D"(0), "S"(0), "d"(0) : "rcx", "r11", "memory");
    return rc;
}

int main(void) {
    int nosys = 0, n = 0;
    for (long nr = 337; nr < 424; nr++, n++) nosys += raw(nr) == -ENOSYS;
    say("gap 337-423: %d of %d", nosys, n);
    static const long odd[] = {480 + 40, 600, 999, 1024, 4096, 65535, 0x3fffffff, 0x7fffffff, -2, 0x80000000l};
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) say("%lx: %s", odd[i], errname(-raw(odd[i])));
    say("-1: %s", errname(-raw(-1)));
    static const long gone[] = {156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 205, 211, 214, 215, 236};
    for (unsigned i = 0; i < sizeof gone / sizeof *gone; i++) say("%ld: %s", gone[i], errname(-raw(gone[i])));
    yes("the upper half of rax is ignored", raw((1l << 32) | SYS_getpid) == getpid());
}
