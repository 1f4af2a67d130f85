// Fills every vector, mask and x87 register the processor has, makes calls by the bare instruction, reads them back.
// AVX and AVX-512 parts run only where both cpuid and XCR0 allow; the output does not depend on it.
#ifndef VECTOR_H
#define VECTOR_H

#include <cpuid.h>

static int has_avx, has_avx512;
static unsigned char vec_in[32][64] __attribute__((aligned(64))), vec_out[32][64] __attribute__((aligned(64)));
__attribute__((used)) static unsigned long mask_in[8], mask_out[8]; // named by the assembly
__attribute__((used)) static double x87_in[8], x87_out[8];

static void vector_detect(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return;
    unsigned lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    has_avx = (c & bit_AVX) && (lo & 6) == 6;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) has_avx512 = has_avx && (b & bit_AVX512F) && (b & bit_AVX512BW) && (lo & 0xe6) == 0xe6;
}

// What a signal handler may do to the registers without harm.
static inline void vector_clobber(void) {
    if (has_avx) __asm__ volatile("vzeroall; vpcmpeqd %%xmm3, %%xmm3, %%xmm3" : : : "xmm0", "xmm3");
    __asm__ volatile("fninit; fldpi; fldpi; pcmpeqd %%xmm7, %%xmm7; pcmpeqd %%xmm15, %%xmm15" : : : "xmm7", "xmm15");
    if (has_avx512) __asm__ volatile(".irp n,1,2,3,4,5,6,7\n kxorq %%k\\n, %%k\\n, %%k\\n\n .endr\n vpternlogd $255, %%zmm31, %%zmm31, %%zmm31" : : : "memory");
}

static inline __attribute__((always_inline)) void vector_fill(int seed) {
    int wide = has_avx512 ? 64 : has_avx ? 32 : 16;
    for (int r = 0; r < 32; r++)
        for (int i = 0; i < 64; i++) vec_in[r][i] = i < wide && (r < 16 || has_avx512) ? (unsigned char)(seed + r * 67 + i * 3) : 0;
    for (int i = 0; i < 8; i++) mask_in[i] = has_avx512 ? 0x0123456789abcdeful * (i + 1) + seed : 0, x87_in[i] = seed + i + 0.5;
}

// Loads, calls `times` times, stores. One assembly block, so that the compiler cannot use a register in between.
#define LOAD_SSE ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqa \\n*64(%[in]), %%xmm\\n\n .endr\n"
#define SAVE_SSE ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqa %%xmm\\n, \\n*64(%[out])\n .endr\n"
#define LOAD_AVX ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqa \\n*64(%[in]), %%ymm\\n\n .endr\n"
#define SAVE_AVX ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqa %%ymm\\n, \\n*64(%[out])\n .endr\n"
#define ALL32 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define LOAD_512 ".irp n," ALL32 "\n vmovdqa64 \\n*64(%[in]), %%zmm\\n\n .endr\n .irp n,0,1,2,3,4,5,6,7\n kmovq mask_in+8*\\n(%%rip), %%k\\n\n .endr\n"
#define SAVE_512 ".irp n," ALL32 "\n vmovdqa64 %%zmm\\n, \\n*64(%[out])\n .endr\n .irp n,0,1,2,3,4,5,6,7\n kmovq %%k\\n, mask_out+8*\\n(%%rip)\n .endr\n"
#define LOAD_X87 "fninit\n .irp n,0,1,2,3,4,5,6,7\n fldl x87_in+8*\\n(%%rip)\n .endr\n"
#define SAVE_X87 ".irp n,7,6,5,4,3,2,1,0\n fstpl x87_out+8*\\n(%%rip)\n .endr\n"
#define CALLS "mov %[times], %%r12\n 77: mov %[nr], %%rax\n syscall\n dec %%r12\n jnz 77b\n"
#define BLOCK(load, save)                                                                                        \
    __asm__ volatile(LOAD_X87 load CALLS save SAVE_X87 "mov %%rax, %[rc]\n"                                      \
                     : [rc] "=m"(rc)                                                                             \
                     : [in] "r"(vec_in), [out] "r"(vec_out), [times] "r"((long)times), [nr] "r"(nr), "D"(a0),    \
                       "S"(a1), "d"(a2), "m"(mask_in[0]), "m"(x87_in[0])                                         \
                     : "rax", "rcx", "r11", "r12", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",       \
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc")

static long vector_calls(int times, long nr, long a0, long a1, long a2) {
    static long rc;
    memset(vec_out, 0, sizeof vec_out);
    memset(mask_out, 0, sizeof mask_out);
    if (has_avx512)
        BLOCK(LOAD_512, SAVE_512);
    else if (has_avx)
        BLOCK(LOAD_AVX, SAVE_AVX "vzeroupper\n");
    else
        BLOCK(LOAD_SSE, SAVE_SSE);
    return rc;
}

static int vector_wrong(void) {
    int bad = 0;
    for (int r = 0; r < 32; r++) bad += memcmp(vec_in[r], vec_out[r], 64) != 0;
    for (int i = 0; i < 8; i++) bad += mask_in[i] != mask_out[i] || x87_in[i] != x87_out[i];
    return bad;
}

// The number of registers that a few calls have changed.
static inline int vector_round(int seed, int times, long nr, long a0, long a1, long a2) {
    vector_fill(seed);
    vector_calls(times, nr, a0, a1, a2);
    return vector_wrong();
}

// Forks by the bare instruction with full registers: the child exits with the number of wrong ones; -1 if ours are wrong.
static inline int vector_fork_round(int seed) {
    vector_fill(seed);
    long pid = vector_calls(1, SYS_fork, 0, 0, 0);
    int bad = vector_wrong();
    if (pid == 0) _exit(bad);
    return bad ? -1 : (int)pid;
}

#endif
