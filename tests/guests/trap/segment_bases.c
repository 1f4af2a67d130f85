// arch_prctl: the FS base carries the thread's TLS, the GS base is the program's own; both survive calls, signals and forks.
#include "../guest.h"
#include <asm/prctl.h>

static __thread int tls = 31;
static volatile int seen;
static unsigned long gs(void) {
    unsigned long v = 0;
    syscall(SYS_arch_prctl, ARCH_GET_GS, &v);
    return v;
}
static void handler(int sig) {
    (void)sig;
    seen = tls;
    long word;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(word));
    seen += word == 4711;
}

int main(void) {
    static long area[4] = {4711, 4712};
    unsigned long fs = 0;
    show("get FS", syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
    yes("FS points to itself", *(unsigned long *)fs == fs);
    say("GS at first %lx", gs());
    show("set GS", syscall(SYS_arch_prctl, ARCH_SET_GS, area));
    yes("GS reads back", gs() == (unsigned long)area);
    long word, wrong = 0;
    for (int i = 0; i < 2000; i++) {
        syscall(SYS_getppid);
        __asm__ volatile("mov %%gs:8, %0" : "=r"(word));
        wrong += word != 4712 || tls != 31;
    }
    say("wrong %ld", wrong);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    say("in a handler %d", seen);
    pid_t pid = fork();
    if (pid == 0) {
        __asm__ volatile("mov %%gs:8, %0" : "=r"(word));
        _exit(word == 4712 && gs() == (unsigned long)area && tls == 31);
    }
    reap("in a child", pid);
    show("bad base", syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000ul));
    show("bad pointer", syscall(SYS_arch_prctl, ARCH_GET_GS, 8));
    show("unknown code", syscall(SYS_arch_prctl, 0x9999, 0));
}
