// Without PT_GNU_STACK's X, code on the stack, in the heap and in data faults with SEGV_ACCERR at its own address.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t info;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    info = *si;
    siglongjmp(back, 1);
}
static unsigned char data[16] = {0xc3};

static void try(const char *what, void *p) {
    *(unsigned char *)p = 0xc3;
    void (*f)(void) = (void (*)(void))(uintptr_t)p;
    __asm__ volatile("" : "+r"(f) : : "memory");
    if (sigsetjmp(back, 1) == 0) {
        f();
        say("%s: ran", what);
    } else
        say("%s: code %s, address right %d", what, info.si_code == SEGV_ACCERR ? "ACCERR" : "other", info.si_addr == p);
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    unsigned char local[16];
    try("stack", local);
    try("data", data);
    try("heap", malloc(16));
    unsigned char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try("mapping", map);
    mprotect(map, 4096, PROT_READ | PROT_EXEC);
    void (*f)(void) = (void (*)(void))(uintptr_t)map;
    f();
    say("mapping after mprotect: ran");
}
