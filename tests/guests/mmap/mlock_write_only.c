// mlock brings in shared pages that may be written and not read; MLOCK_ONFAULT brings in none.
#include "../guest.h"

static int there(char *at, int pages) {
    unsigned char v[16];
    int n = 0;
    MUST(mincore(at, pages * 4096, v) == 0);
    for (int i = 0; i < pages; i++) n += v[i] & 1;
    return n;
}

int main(void) {
    for (int flags = 0; flags < 2; flags++) {
        char *m = mmap(NULL, 8 * 4096, PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        MUST(m != MAP_FAILED);
        say("%d", there(m, 8));
        show("mlock2", mlock2(m, 3 * 4096, flags));
        say("%d", there(m, 8));
        MUST(munmap(m, 8 * 4096) == 0);
    }
}
