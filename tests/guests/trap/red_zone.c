// A system call leaves the 128 bytes below the stack pointer alone, also when a signal comes during it.
#include "../guest.h"
#include <sys/time.h>

static volatile sig_atomic_t hits;
static void handler(int sig) {
    volatile char big[2048];
    for (unsigned i = 0; i < sizeof big; i++) big[i] = sig;
    hits++;
}

int main(void) {
    signal(SIGALRM, handler);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 300}, {0, 300}}, NULL);
    long wrong = 0;
    for (int i = 0; i < 3000 || (hits < 20 && i < 500000); i++) {
        long bad;
        __asm__ volatile("movabs $0x1234567890abcdef, %%rdx; mov %%rdx, -8(%%rsp); mov %%rdx, -64(%%rsp); mov %%rdx, -128(%%rsp);"
                         "mov $110, %%eax; syscall; xor %%eax, %%eax;"
                         "cmp %%rdx, -8(%%rsp); je 1f; inc %%eax; 1: cmp %%rdx, -64(%%rsp); je 2f; inc %%eax; 2: cmp %%rdx, -128(%%rsp); je 3f; inc %%eax; 3:"
                         : "=&a"(bad) : : "rdx", "rcx", "r11", "memory", "cc");
        wrong += bad;
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    say("wrong %ld, signals came %d", wrong, hits >= 20);
}
