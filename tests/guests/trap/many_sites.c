// System calls from many places: libc, inline assembly in a loop, back to back, across a page border, behind a prefix.
#include "../guest.h"

int main(void) {
    pid_t me = getpid();
    int ok = 0;
    long a, b, c;
    for (int i = 0; i < 1000; i++) {
        __asm__ volatile("mov $39, %%eax; syscall; mov %%rax, %0; mov $39, %%eax; syscall; mov %%rax, %1; mov $39, %%eax; rex.w syscall; mov %%rax, %2"
                         : "=&r"(a), "=&r"(b), "=&r"(c) : : "rax", "rcx", "r11", "memory");
        ok += a == me && b == me && c == me;
    }
    say("back to back %d", ok);
    // the instruction's two bytes on two pages
    unsigned char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const unsigned char code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
    memcpy(p + 4096 - 6, code, sizeof code);
    mprotect(p, 8192, PROT_READ | PROT_EXEC);
    ok = 0;
    for (int i = 0; i < 100; i++) ok += ((int (*)(void))(uintptr_t)(p + 4096 - 6))() == me;
    say("across a page border %d", ok);
    // the last bytes of a mapping, with nothing behind
    unsigned char *q = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(q + 4096 - 8, code, sizeof code);
    munmap(q + 4096, 4096);
    ok = 0;
    for (int i = 0; i < 100; i++) ok += ((int (*)(void))(uintptr_t)(q + 4096 - 8))() == me;
    say("at the end of a mapping %d", ok);
    // a jump to the instruction itself, and to the one behind it
    ok = 0;
    for (int i = 0; i < 100; i++) {
        long rc;
        __asm__ volatile("mov $39, %%eax; cmp $0, %1; je 1f; xor %%eax, %%eax; add $39, %%eax; jmp 1f; nop; 1: syscall; jmp 2f; nop; 2:" : "=&a"(rc) : "r"(i % 2) : "rcx", "r11", "memory", "cc");
        ok += rc == me;
    }
    say("jumped to %d", ok);
}
