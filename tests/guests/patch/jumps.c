// A site is entered from every side: from above, at the instruction itself, at the one behind it, thousands of times.
#include "site.h"

SITE(plain);

// rdi: 0 from above, 1 at the call, 2 behind it; the answer counts rounds that went right
__asm__(".text\n.globl sides\nsides:\n"
        "push %rbx\npush %r12\npush %r13\nmov %rdi, %r12\nmov %rsi, %r13\nxor %ebx, %ebx\n"
        "1: mov $39, %eax\ncmp $1, %r12\nje 2f\ncmp $2, %r12\nje 3f\nmov $39, %eax\n"
        "2: syscall\n"
        "3: test %eax, %eax\njs 4f\ncmp $39, %eax\nje 5f\ninc %ebx\n"
        "4: dec %r13\njnz 1b\nmov %ebx, %eax\npop %r13\npop %r12\npop %rbx\nret\n"
        "5: cmp $2, %r12\njne 4b\ninc %ebx\njmp 4b\n");
extern int sides(long how, long rounds);

// The call, a jump, and right behind that an instruction to which something else jumps, if rsi is so often not 0.
__asm__(".text\n.globl beyond\nbeyond:\n"
        "push %rbx\npush %r12\npush %r13\nmov %rdi, %r13\nmov %rsi, %r12\nxor %ebx, %ebx\n"
        "1: mov $39, %eax\nsyscall\njmp 3f\n"
        "2: lea 1(%rbx), %ebx\ndec %r12\njmp 4f\n"
        "3: test %eax, %eax\njle 5f\ntest %r12, %r12\njnz 2b\n"
        "4: dec %r13\njnz 1b\nmov %ebx, %eax\n"
        "5: pop %r13\npop %r12\npop %rbx\nret\n");
extern int beyond(long rounds, long jumps);

int main(void) {
    yes("warm", warm(plain));
    int beyond_jumps = beyond(2000, 0) + beyond(10, 10);
    say("beyond a jump %d, thousands of times %d", beyond_jumps, beyond(2000, 2000));
    say("from above %d", sides(0, 2000));
    say("at the call %d", sides(1, 2000));
    say("behind the call %d", sides(2, 2000));
    int ok = 0;
    for (int i = 0; i < 3000; i++) ok += sides(i % 3, 1);
    say("in turns %d", ok);
    long (*at)(void) = (long (*)(void))(uintptr_t)plain_site;
    ok = 0;
    for (int i = 0; i < 1000; i++) {
        long rc;
        __asm__ volatile("call *%1" : "=a"(rc) : "r"(at), "0"((long)SYS_getppid) : "rcx", "r11", "rdi", "rsi", "rdx", "memory", "cc");
        ok += rc == getppid();
    }
    say("through a pointer to the call %d", ok);
    ok = 0;
    for (int i = 0; i < 1000; i++) {
        long rc;
        __asm__ volatile("call *%1" : "=a"(rc) : "r"(plain_behind), "0"((long)i) : "memory", "cc");
        ok += rc == i;
    }
    say("through a pointer behind it %d", ok);
    yes("still warm", warm(plain));
}
