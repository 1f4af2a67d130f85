// Hardware faults: signal, code and address of each kind; the process goes on after a siglongjmp.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t info;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    info = *si;
    siglongjmp(back, 1);
}
static void report(const char *what, uintptr_t want) {
    say("%s: %s code %d, address right %d", what, signame(info.si_signo), info.si_code, (uintptr_t)info.si_addr == want);
}
#define PEEK(addr) (void)*(volatile char *)(addr)
#define POKE(addr) (*(volatile char *)(addr) = 1)
#define TRY(what, action, want)              \
    do {                                     \
        if (!sigsetjmp(back, 1)) {           \
            action;                          \
            say("%s: no fault", what);       \
        } else                               \
            report(what, (uintptr_t)(want)); \
    } while (0)

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (int i = 0; i < 5; i++) sigaction(sigs[i], &sa, NULL);
    uintptr_t null = 0, volatile_null;
    __asm__ volatile("" : "=r"(volatile_null) : "0"(null));
    char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("short", O_RDWR | O_CREAT, 0600);
    MUST(ftruncate(fd, 100) == 0);
    char *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    TRY("write to NULL", POKE(volatile_null), 0);
    TRY("read of nothing", PEEK(0x1234567), 0x1234567);
    TRY("write to read-only", POKE(ro + 77), ro + 77);
    TRY("read of PROT_NONE", PEEK(none + 5), none + 5);
    TRY("non-canonical", PEEK(0x8000000000000000ul), 0);
    TRY("kernel address", PEEK(0xffffffff80000000ul), 0xffffffff80000000ul);
    TRY("past the end of a file", POKE(file + 5000), file + 5000);
    TRY("within its last page", POKE(file + 4000), 0);
    static void *volatile ip;
    TRY("division", __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; xor %%edx, %%edx; xor %%ecx, %%ecx; 1: idiv %%ecx" : "=m"(ip) : : "rax", "rcx", "rdx", "cc"), ip);
    TRY("ud2", __asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; 1: ud2" : "=m"(ip) : : "rax"), ip);
    TRY("int3", __asm__ volatile("int3"), 0);
    TRY("hlt", __asm__ volatile("hlt"), 0);
    TRY("jump into nothing", ((void (*)(void))(volatile_null + 16))(), 16);
}
