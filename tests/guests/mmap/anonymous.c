// Anonymous mappings: zeroed, any size, hints, unmapping holes, touching them again faults.
#include "../guest.h"
#include <setjmp.h>

static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }
static const char *touch(volatile char *p) {
    int sig = sigsetjmp(back, 1);
    if (sig) return signame(sig);
    *p = 1;
    return "fine";
}

int main(void) {
    signal(SIGSEGV, handler);
    char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (int i = 0; i < 5 * 4096; i++) sum |= p[i];
    say("aligned %d, zeroed %d", ((uintptr_t)p & 4095) == 0, sum == 0);
    show("hole", munmap(p + 4096, 4096));
    for (int i = 0; i < 5; i++) say("page %d %s", i, touch(p + i * 4096));
    show("unmap over the hole", munmap(p, 5 * 4096));
    show("unmap nothing", munmap(p, 4096));
    show("unmap misaligned", munmap(p + 1, 4096));
    show("unmap length 0", munmap(p, 0));
    show("unmap wrapping", munmap(p, ~0ul - 4095));
    yes("length 0", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    yes("neither private nor shared", mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    yes("too large", mmap(NULL, 1ul << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    char *hint = mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    yes("a free hint is taken", hint == (char *)0x200000000000);
    yes("a taken hint is not", mmap(hint, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != hint);
    char *big = mmap(NULL, 1ul << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    yes("64 GiB without reserve", big != MAP_FAILED);
    big[(1ul << 35) + 5] = 7;
    say("touched %d, beside it %d", big[(1ul << 35) + 5], big[1ul << 34]);
}
