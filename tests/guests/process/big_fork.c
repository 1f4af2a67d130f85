// A process with 32 MiB of touched memory forks; the child changes every page, the parent's are intact.
#include "../guest.h"
#define SIZE (32u << 20)

int main(void) {
    unsigned char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(p != MAP_FAILED);
    for (unsigned i = 0; i < SIZE; i += 4096) p[i] = i >> 12;
    pid_t pid = fork();
    if (pid == 0) {
        unsigned bad = 0;
        for (unsigned i = 0; i < SIZE; i += 4096) {
            bad += p[i] != (unsigned char)(i >> 12);
            p[i] = 0xee;
        }
        say("child found %u wrong pages", bad);
        _exit(0);
    }
    reap("child", pid);
    unsigned bad = 0;
    for (unsigned i = 0; i < SIZE; i += 4096) bad += p[i] != (unsigned char)(i >> 12);
    say("parent found %u wrong pages", bad);
}
