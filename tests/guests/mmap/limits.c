// RLIMIT_AS bounds mappings; mapping and unmapping thousands of regions; many small pieces of one.
#include "../guest.h"

int main(void) {
    int ok = 0;
    for (int i = 0; i < 3000; i++) {
        char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ok += p != MAP_FAILED && (p[4096] = 1) && munmap(p, 8192) == 0;
    }
    say("mapped and unmapped %d", ok);
    char *p = mmap(NULL, 1000 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1000; i += 2) ok += mprotect(p + i * 4096, 4096, PROT_READ);
    for (int i = 1; i < 1000; i += 2) p[i * 4096] = 1;
    show("unmap all pieces", munmap(p, 1000 * 4096));
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_AS, &(struct rlimit){1ul << 30, 1ul << 30});
        yes("2 GiB is refused", mmap(NULL, 2ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
        yes("1 MiB is not", mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
        yes("malloc says so too", malloc(2ul << 30) == NULL);
        _exit(0);
    }
    reap("limited", pid);
}
