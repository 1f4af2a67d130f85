// fork, vfork, clone and exec from a site that is used often; both sides go on right behind it, with their registers and vector state.
#include "site.h"
#include <linux/sched.h>

SITE(raw);

// vfork must not return into a frame that the child has used up, so it is made here
__asm__(".text\n.globl own_vfork\nown_vfork: pop %rdi\nmov $58, %eax\nsyscall\npush %rdi\ncmp $-4096, %rax\nret\n");
extern long own_vfork(void);

int main(int argc, char **argv) {
    if (argc > 1) return warm(raw) ? 7 : 8;
    yes("warm", warm(raw));
    double kept = 1.5;
    __asm__ volatile("" : "+x"(kept));
    for (int i = 0; i < 20; i++) {
        long pid = raw(SYS_fork, 0, 0, 0);
        if (pid == 0) _exit(kept == 1.5 && warm(raw) ? 3 : 4);
        if (i == 0) reap("fork", pid);
        else {
            int status;
            MUST(waitpid(pid, &status, 0) == pid);
            if (status != 3 << 8) say("round %d: status %x", i, status);
        }
    }
    for (int i = 0; i < 700; i++) {
        long pid = own_vfork();
        if (pid == 0) _exit(5);
        int status;
        MUST(waitpid(pid, &status, 0) == pid);
        if (status != 5 << 8) say("vfork round %d: status %x", i, status);
    }
    say("vfork often");
    char *args[] = {argv[0], "again", NULL};
    long pid = raw(SYS_fork, 0, 0, 0);
    if (pid == 0) {
        raw(SYS_execve, (long)"/proc/self/exe", (long)args, (long)environ);
        _exit(9);
    }
    reap("exec", pid);
    CHECK(kept == 1.5);
    yes("still warm", warm(raw));
}
