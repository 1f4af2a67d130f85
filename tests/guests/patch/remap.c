// Text of a mapped file is used, unmapped, replaced, moved, opened for writing and given back: what runs is what stands there.
#include "site.h"

#define PAGE 4096
typedef long (*code_t)(void);

// mov $nr, %eax; syscall; cmp $-4096, %rax; ret
static void put(unsigned char *at, int nr) {
    const unsigned char code[] = {0xb8, nr, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0xc3};
    memcpy(at, code, sizeof code);
}

static int library(const char *name, int nr) {
    static unsigned char page[PAGE];
    memset(page, 0xcc, PAGE);
    put(page + 16, nr);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0755);
    MUST(fd >= 0 && write(fd, page, PAGE) == PAGE);
    return fd;
}

static const char *calls(void *base, long want) {
    int ok = 0;
    for (int i = 0; i < WARM; i++) ok += ((code_t)((uintptr_t)base + 16))() == want;
    return ok == WARM ? "right" : "WRONG";
}

int main(void) {
    int one = library("one", SYS_getpid), two = library("two", SYS_getppid);
    long pid = getpid(), ppid = getppid();
    char *at = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, one, 0);
    MUST(at != MAP_FAILED);
    say("mapped %s", calls(at, pid));
    MUST(mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, two, 0) == at);
    say("another one over it %s", calls(at, ppid));
    munmap(at, PAGE);
    MUST(mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, one, 0) == at);
    say("unmapped and mapped %s", calls(at, pid));
    char *to = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 32 * PAGE) == to + 32 * PAGE);
    at = to + 32 * PAGE;
    say("moved %s", calls(at, pid));
    show("writable", mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    unsigned char clean[14];
    put(clean, SYS_getpid);
    yes("nothing of it has changed", memcmp(clean, at + 16, sizeof clean) == 0);
    say("while writable %s", calls(at, pid));
    put((unsigned char *)at + 16, SYS_getppid);
    say("rewritten %s", calls(at, ppid));
    show("read-only again", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    say("once more %s", calls(at, ppid));
    show("private changes dropped", madvise(at, PAGE, MADV_DONTNEED));
    say("as in the file %s", calls(at, pid));
    show("no access", mprotect(at, PAGE, PROT_NONE));
    show("access", mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    say("back %s", calls(at, pid));
    pid_t child = fork();
    if (child == 0) {
        int ok = calls(at, getpid())[0] == 'r';
        mprotect(at, PAGE, PROT_READ | PROT_WRITE);
        put((unsigned char *)at + 16, SYS_getppid);
        mprotect(at, PAGE, PROT_READ | PROT_EXEC);
        _exit(ok && calls(at, getppid())[0] == 'r' ? 3 : 4);
    }
    reap("a child that changes its copy", child);
    say("the parent's %s", calls(at, pid));
    for (int i = 0; i < 40; i++) {
        munmap(at, PAGE);
        int fd = i % 2 ? one : two;
        MUST(mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == at);
        if (calls(at, i % 2 ? pid : ppid)[0] != 'r') say("round %d: WRONG", i);
    }
    say("loaded often");
}
