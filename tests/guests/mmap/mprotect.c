// mprotect: faults and codes per protection, splitting, holes, errors; data survive PROT_NONE.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    siglongjmp(back, si->si_code);
}
static const char *code(int c) { return c == SEGV_ACCERR ? "ACCERR" : c == SEGV_MAPERR ? "MAPERR" : "?"; }
static void try(const char *what, volatile char *p) {
    int r = sigsetjmp(back, 1);
    if (r) {
        say("%s: read %s", what, code(r));
        return;
    }
    char old = *p;
    int w = sigsetjmp(back, 1);
    if (w == 0) *p = old;
    say("%s: read %d, write %s", what, old, w ? code(w) : "fine");
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4; i++) p[i * 4096] = i + 1;
    show("read", mprotect(p + 4096, 4096, PROT_READ));
    show("none", mprotect(p + 2 * 4096, 4096, PROT_NONE));
    for (int i = 0; i < 4; i++) try("page", p + i * 4096);
    show("write alone", mprotect(p, 4 * 4096, PROT_WRITE | PROT_READ));
    for (int i = 0; i < 4; i++) try("page", p + i * 4096);
    munmap(p + 4096, 4096);
    show("over a hole", mprotect(p, 4 * 4096, PROT_READ));
    try("before the hole", p);
    try("behind the hole", p + 2 * 4096);
    show("misaligned", mprotect(p + 1, 4096, PROT_READ));
    show("length 0", mprotect(p, 0, PROT_READ));
    show("unmapped", mprotect((void *)0x10000, 4096, PROT_READ));
    show("unknown protection", mprotect(p, 4096, 0x100));
    show("both grows", mprotect(p, 4096, PROT_GROWSDOWN | PROT_GROWSUP));
    show("to write a read-only page by a call", read(open("/dev/zero", O_RDONLY), p, 1));
    mprotect(p, 4096, PROT_NONE);
    show("to read a PROT_NONE page by a call", write(open("f", O_WRONLY | O_CREAT, 0600), p, 1));
}
