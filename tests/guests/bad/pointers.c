// Bad pointers in the arguments of common calls: NULL, 8, kernel half, non-canonical, unmapped, read-only: the errno of each.
#include "../guest.h"
#include "calls.h"

int main(void) {
    char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(gone, 4096);
    const struct { const char *name; long p; } bad[] = {{"NULL", 0}, {"8", 8}, {"kernel", (long)0xffff800000000000ul}, {"hole", (long)0x8000000000000000ul},
                                                        {"-1", -1}, {"unmapped", (long)gone}, {"none", (long)none}, {"read-only", (long)ro}};
    setup_calls();
    for (unsigned c = 0; c < CALLS; c++) {
        char line[900];
        int n = snprintf(line, sizeof line, "%s:", calls[c].name);
        for (unsigned b = 0; b < sizeof bad / sizeof *bad; b++) {
            long a[6];
            for (int i = 0; i < 6; i++) a[i] = calls[c].arg[i] == P ? bad[b].p : calls[c].arg[i];
            long rc = syscall(calls[c].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
            n += snprintf(line + n, sizeof line - n, " %s %s", bad[b].name, rc == -1 ? errname(errno) : "ok");
            after_call(calls[c].nr, rc);
        }
        say("%s", line);
    }
}
