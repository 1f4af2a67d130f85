// What the processor holds behind a call: rcx and r11 as the instruction leaves them, everything else as it was, whoever interrupts.
#include "site.h"
#include <sys/time.h>
#include <ucontext.h>

// One long loop. All registers hold what they should, at every turn, or the loop ends early with a number that says which.
// While `running` is set, this thread is nowhere else.
extern volatile int running;
__asm__(".text\n.balign 16\n.globl loop_start\nloop_start:\n"
        ".globl loop\nloop:\n"
        "movl $1, running(%rip)\n"
        "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
        "mov %rdi, %rbx\nmov %rsi, %rbp\n"
        "mov $0x1212121212121212, %r12\nmov $0x1313131313131313, %r13\nmov $0x1414, %r14d\nmov $0x1515, %r15d\n"
        "movq %r12, %xmm0\nmovq %r13, %xmm15\n"
        "mov $0x0808, %r8d\nmov $0x0909, %r9d\nmov $0x1010, %r10d\n"
        "movq %r12, -64(%rsp)\n"
        ".globl loop_body\nloop_body:\n"
        "1: mov %rbp, %rax\nmov $1, %edi\nmov $2, %esi\nmov $3, %edx\n"
        "stc\n"
        "syscall\n"
        ".globl loop_behind\nloop_behind:\n"
        "mov %rax, %rax\n" // three bytes, no flags
        "jnc 11f\n"
        "lea loop_behind(%rip), %rax\ncmp %rax, %rcx\njne 12f\n"
        "test $1, %r11d\njz 13f\n"
        "cmp $1, %edi\njne 14f\ncmp $2, %esi\njne 15f\ncmp $3, %edx\njne 16f\n"
        "cmp $0x0808, %r8d\njne 17f\ncmp $0x0909, %r9d\njne 18f\ncmp $0x1010, %r10d\njne 19f\n"
        "mov $0x1212121212121212, %rax\ncmp %rax, %r12\njne 20f\ncmp -64(%rsp), %rax\njne 21f\n"
        "movq %xmm0, %rcx\ncmp %rax, %rcx\njne 22f\n"
        "movq %xmm15, %rcx\ncmp %r13, %rcx\njne 23f\n"
        "cmp $0x1414, %r14d\njne 24f\ncmp $0x1515, %r15d\njne 25f\n"
        "dec %rbx\njnz 1b\nxor %eax, %eax\njmp 9f\n"
        "11: mov $11, %eax\njmp 9f\n12: mov $12, %eax\njmp 9f\n13: mov $13, %eax\njmp 9f\n14: mov $14, %eax\njmp 9f\n"
        "15: mov $15, %eax\njmp 9f\n16: mov $16, %eax\njmp 9f\n17: mov $17, %eax\njmp 9f\n18: mov $18, %eax\njmp 9f\n"
        "19: mov $19, %eax\njmp 9f\n20: mov $20, %eax\njmp 9f\n21: mov $21, %eax\njmp 9f\n22: mov $22, %eax\njmp 9f\n"
        "23: mov $23, %eax\njmp 9f\n24: mov $24, %eax\njmp 9f\n25: mov $25, %eax\n"
        "9: movl $0, running(%rip)\n"
        "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
        ".globl loop_end\nloop_end:\n");
extern long loop(long rounds, long nr);
extern char loop_start[], loop_end[];

static volatile long signals, strange, in_loop;
volatile int running;
static void handler(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    char *rip = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    signals++;
    if (running) {
        if (rip >= loop_start && rip < loop_end)
            in_loop++;
        else
            strange++;
    }
}

int main(void) {
    say("first %ld %ld", loop(3000, SYS_getppid), loop(3000, SYS_getpid));
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGALRM, &act, NULL);
    struct itimerval often = {{0, 300}, {0, 300}};
    setitimer(ITIMER_REAL, &often, NULL);
    static const long calls[] = {SYS_getppid, SYS_sched_yield, SYS_getpid};
    long bad = 0;
    // Until enough have come: a loaded machine needs longer for it.
    for (int i = 0; i < 3000 && in_loop < 200 && !bad; i++) {
        bad = loop(5000, calls[i % 3]);
    }
    struct itimerval off = {0};
    setitimer(ITIMER_REAL, &off, NULL);
    say("interrupted %ld", bad);
    say("in strange places %ld", strange);
    yes("was interrupted", in_loop > 0 && signals > 0);
}
