// System calls with the stack pointer at the last bytes of its page, at nothing at all, and misaligned.
#include "../guest.h"

static long with_stack(void *sp, long nr) {
    long rc;
    __asm__ volatile("mov %%rsp, %%rbx; mov %2, %%rsp; syscall; mov %%rbx, %%rsp" : "=a"(rc) : "0"(nr), "r"(sp) : "rbx", "rcx", "r11", "memory");
    return rc;
}

int main(void) {
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t me = getpid();
    int ok = 0;
    for (int i = 0; i < 100; i++) ok += with_stack(p + 4096, SYS_getpid) == me;
    say("top of a page %d", ok);
    ok = 0;
    for (int i = 0; i < 100; i++) ok += with_stack(p + 8, SYS_getpid) == me;
    say("bottom of a page %d", ok);
    ok = 0;
    for (int i = 0; i < 100; i++) ok += with_stack((void *)0x10, SYS_getpid) == me;
    say("no stack at all %d", ok);
    ok = 0;
    for (int i = 0; i < 100; i++) ok += with_stack(p + 2001, SYS_getppid) == getppid();
    say("misaligned %d", ok);
    say("non-canonical %d", with_stack((void *)0x8000000000000000ul, SYS_getpid) == me);
}
