// exec drops all mappings, shared ones too, and starts with a fresh brk; the shared pages live on in others.
#include "../guest.h"

static int variable = 5;

int main(int argc, char **argv) {
    if (argc > 1) {
        unsigned long addr = strtoul(argv[1], NULL, 16);
        unsigned char vec;
        say("variable %d", variable);
        show("old mapping", mincore((void *)addr, 4096, &vec));
        char *heap = sbrk(0);
        char *more = sbrk(8192);
        say("brk starts fresh %d, zeroed %d", more == heap, more[100] == 0);
        return 0;
    }
    (void)argv;
    // an address that the loader does not use
    volatile int *shared = mmap((void *)0x100000000000, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    MUST((void *)shared == (void *)0x100000000000);
    *shared = 1;
    pid_t pid = fork();
    if (pid == 0) {
        variable = 6;
        *shared = 2;
        execl("/proc/self/exe", "x", "100000000000", (char *)NULL);
        _exit(99);
    }
    reap("child", pid);
    say("shared word %d", *shared);
}
