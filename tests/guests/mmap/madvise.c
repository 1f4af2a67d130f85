// madvise: DONTNEED zeroes anonymous memory, rereads files, leaves shared memory; unknown advice and bad ranges.
#include "../guest.h"

int main(void) {
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 'a', 3 * 4096);
    show("DONTNEED", madvise(p + 4096, 4096, MADV_DONTNEED));
    say("%c %d %c", p[0], p[4096], p[8192]);
    put_file("f", "file text");
    int fd = open("f", O_RDWR);
    char *f = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    f[0] = 'F';
    s[5] = 'T';
    show("private file", madvise(f, 4096, MADV_DONTNEED));
    say("%s", f);
    show("shared file", madvise(s, 4096, MADV_DONTNEED));
    say("%s", s);
    char *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(a, "kept");
    show("shared anonymous", madvise(a, 4096, MADV_DONTNEED));
    say("%s", a);
    show("FREE", madvise(p, 4096, MADV_FREE));
    show("FREE of a file", madvise(s, 4096, MADV_FREE));
    show("WILLNEED", madvise(p, 4096, MADV_WILLNEED));
    show("SEQUENTIAL", madvise(p, 4096, MADV_SEQUENTIAL));
    show("DONTFORK", madvise(p + 8192, 4096, MADV_DONTFORK));
    show("WIPEONFORK", madvise(p + 4096, 4096, 18));
    p[4096] = 'w';
    pid_t pid = fork();
    if (pid == 0) {
        unsigned char v;
        say("child: wiped %d", p[4096]);
        show("child: not there", mincore(p + 8192, 4096, &v));
        _exit(0);
    }
    reap("child", pid);
    say("parent: %c %c", p[4096], p[8192]);
    show("unknown", madvise(p, 4096, 999));
    show("misaligned", madvise(p + 1, 4096, MADV_NORMAL));
    show("length 0", madvise(p, 0, MADV_NORMAL));
    munmap(p + 4096, 4096);
    show("with a hole", madvise(p, 3 * 4096, MADV_DONTNEED));
}
