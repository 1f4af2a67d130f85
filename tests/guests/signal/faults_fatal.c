// The wait status of each unhandled fault, and of faults whose signal is blocked or ignored.
#include "../guest.h"

static void fault(int which) {
    switch (which) {
    case 0: *(volatile char *)16 = 1; break;
    case 1: __asm__ volatile("ud2"); break;
    case 2: __asm__ volatile("int3"); break;
    case 3: __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; idiv %%ecx" : : : "rax", "rcx", "rdx", "cc"); break;
    default: abort();
    }
}

int main(void) {
    static const char *const names[] = {"segv", "ill", "trap", "fpe", "abort"};
    static const int sigs[] = {SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    for (int i = 0; i < 5; i++)
        for (int how = 0; how < 3; how++) {
            pid_t pid = fork();
            if (pid == 0) {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, sigs[i]);
                if (how == 1) sigprocmask(SIG_BLOCK, &set, NULL);
                if (how == 2) signal(sigs[i], SIG_IGN);
                fault(i);
                _exit(0);
            }
            char what[32];
            snprintf(what, sizeof what, "%s %s", names[i], how == 0 ? "plain" : how == 1 ? "blocked" : "ignored");
            reap(what, pid);
        }
}
