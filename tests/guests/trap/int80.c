// The 32-bit entry by int 0x80 in a 64-bit program: never a crash of the runtime; either answers or refuses.
#include "../guest.h"

int main(void) {
    pid_t pid = fork();
    if (pid == 0) {
        int rc;
        __asm__ volatile("int $0x80" : "=a"(rc) : "0"(20) : "r8", "r9", "r10", "r11", "memory");
        _exit(rc == getpid() || rc == -ENOSYS ? 0 : 1);
    }
    int st;
    waitpid(pid, &st, 0);
    yes("it answers, refuses or dies of SIGSEGV", (WIFEXITED(st) && WEXITSTATUS(st) == 0) || (WIFSIGNALED(st) && WTERMSIG(st) == SIGSEGV));
}
