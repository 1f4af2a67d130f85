// Calls whose bytes, or those behind them, lie on two pages, in every way; each page then changes without the other.
#include "site.h"

#define PAGE 4096
typedef long (*code_t)(void);

static int build(int before) {
    static unsigned char pages[2 * PAGE];
    const unsigned char code[] = {0xb8, SYS_getpid, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0xc3};
    memset(pages, 0x90, sizeof pages);
    memcpy(pages + PAGE - before - 5, code, sizeof code);
    char name[16];
    snprintf(name, sizeof name, "text%d", before);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0755);
    MUST(fd >= 0 && write(fd, pages, sizeof pages) == (ssize_t)sizeof pages);
    return fd;
}

static int right(char *at, int before) {
    int ok = 0;
    long me = getpid();
    for (int i = 0; i < WARM; i++) ok += ((code_t)(uintptr_t)(at + PAGE - before - 5))() == me;
    return ok == WARM;
}

int main(void) {
    for (int before = 0; before <= 7; before++) {
        int fd = build(before);
        char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        MUST(at != MAP_FAILED);
        int first = right(at, before);
        madvise(at, PAGE, MADV_DONTNEED);
        int second = right(at, before);
        madvise(at + PAGE, PAGE, MADV_DONTNEED);
        int third = right(at, before);
        mprotect(at + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
        int fourth = right(at, before);
        mprotect(at + PAGE, PAGE, PROT_READ | PROT_EXEC);
        int fifth = right(at, before);
        MUST(mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == at);
        int sixth = right(at, before);
        MUST(mmap(at + PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, PAGE) == at + PAGE);
        say("%d bytes before the border: %d%d%d%d%d%d%d", before, first, second, third, fourth, fifth, sixth, right(at, before));
        munmap(at, 2 * PAGE);
    }
}
