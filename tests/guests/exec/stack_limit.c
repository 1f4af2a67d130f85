// RLIMIT_STACK decides at exec how far the stack may grow.
#include "../guest.h"

static __attribute__((noinline)) void dive(size_t bytes) {
    volatile char *p = __builtin_alloca(4096);
    p[0] = 1;
    if (bytes > 4096) dive(bytes - 4096);
    __asm__ volatile("" : : "r"(p) : "memory");
}

int main(int argc, char **argv) {
    if (argc > 1) {
        dive(strtoul(argv[1], NULL, 10) << 10);
        return 1;
    }
    static const struct { const char *limit, *use; } cases[] = {{"1024", "512"}, {"1024", "1536"}, {"16384", "12288"}, {"512", "1024"}};
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct rlimit lim;
            getrlimit(RLIMIT_STACK, &lim);
            lim.rlim_cur = strtoul(cases[i].limit, NULL, 10) << 10;
            if (lim.rlim_max != RLIM_INFINITY && lim.rlim_cur > lim.rlim_max) lim.rlim_max = lim.rlim_cur;
            MUST(setrlimit(RLIMIT_STACK, &lim) == 0);
            execl("/proc/self/exe", "x", cases[i].use, (char *)NULL);
            _exit(99);
        }
        char what[64];
        snprintf(what, sizeof what, "limit %s KiB, used %s KiB", cases[i].limit, cases[i].use);
        reap(what, pid);
    }
}
