// Call sites in the program's own text, with names for their parts.
#ifndef SITE_H
#define SITE_H
#include "../guest.h"

// A function NAME(nr, a, b, c) that makes the call at label NAME_site; the instruction behind it is at NAME_behind.
#define SITE(NAME)                                                                                         \
    __asm__(".text\n.balign 16\n.globl " #NAME "\n" #NAME ":\n"                                             \
            "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\n"                             \
            ".globl " #NAME "_site\n" #NAME "_site: syscall\n"                                             \
            ".globl " #NAME "_behind\n" #NAME "_behind: cmp $-4096, %rax\nret\n"                           \
            ".globl " #NAME "_end\n" #NAME "_end:\n");                                                     \
    extern long NAME(long nr, long a, long b, long c);                                                     \
    extern char NAME##_site[], NAME##_behind[], NAME##_end[]

// Makes a site one that is used often.
#define WARM 600
static inline int warm(long (*site)(long, long, long, long)) {
    int ok = 0;
    long me = getpid();
    for (int i = 0; i < WARM; i++) ok += site(SYS_getpid, 0, 0, 0) == me;
    return ok == WARM;
}
#endif
