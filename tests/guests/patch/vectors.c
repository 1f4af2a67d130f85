// The wide registers keep what is in them across calls from a site that is used often, also when a handler has used them all.
#include "site.h"

SITE(raw);
static int avx;
typedef unsigned char wide_t[32];

static void fill(wide_t *v) {
    if (avx)
        __asm__ volatile("vmovdqu (%0), %%ymm0\nvmovdqu 32(%0), %%ymm7\nvmovdqu 64(%0), %%ymm15\n" : : "r"(v) : "memory");
    else
        __asm__ volatile("movdqu (%0), %%xmm0\nmovdqu 32(%0), %%xmm7\nmovdqu 64(%0), %%xmm15\n" : : "r"(v) : "memory");
}

static void look(wide_t *v) {
    memset(v, 0, 3 * sizeof *v);
    if (avx)
        __asm__ volatile("vmovdqu %%ymm0, (%0)\nvmovdqu %%ymm7, 32(%0)\nvmovdqu %%ymm15, 64(%0)\n" : : "r"(v) : "memory");
    else
        __asm__ volatile("movdqu %%xmm0, (%0)\nmovdqu %%xmm7, 32(%0)\nmovdqu %%xmm15, 64(%0)\n" : : "r"(v) : "memory");
}

static wide_t other[3];
static volatile int handled;
static void handler(int sig) {
    (void)sig;
    fill(other);
    handled++;
}

int main(void) {
    static wide_t in[3], out[3];
    __builtin_cpu_init();
    avx = __builtin_cpu_supports("avx");
    for (unsigned i = 0; i < sizeof in; i++) {
        ((unsigned char *)in)[i] = i + 1;
        ((unsigned char *)other)[i] = 0xee;
    }
    if (!avx)
        for (int i = 0; i < 3; i++) memset(in[i] + 16, 0, 16);
    yes("warm", warm(raw));
    signal(SIGUSR1, handler);
    long me = getpid();
    int wrong = 0;
    for (int i = 0; i < 500; i++) {
        fill(in);
        long rc = raw(SYS_getppid, 0, 0, 0);
        look(out);
        wrong += memcmp(in, out, sizeof in) != 0 || rc != getppid();
        fill(in);
        raw(SYS_kill, me, SIGUSR1, 0);
        look(out);
        wrong += memcmp(in, out, sizeof in) != 0;
        unsigned mode = 0x1f80 | (i & 3) << 13, now;
        __asm__ volatile("ldmxcsr %0" : : "m"(mode));
        raw(i & 1 ? SYS_sched_yield : SYS_getpid, 0, 0, 0);
        __asm__ volatile("stmxcsr %0" : "=m"(now));
        wrong += mode != (now & ~0x3f);
    }
    say("wrong %d, handled %d", wrong, handled);
}
