// msync and mincore: flags, holes, residency of touched pages, errors; mlock and munlock.
#include "../guest.h"

int main(void) {
    unsigned char v[4] = {0};
    put_file("f", "text");
    int fd = open("f", O_RDWR);
    char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    s[0] = 'T';
    show("sync", msync(s, 4096, MS_SYNC));
    show("async", msync(s, 4096, MS_ASYNC));
    show("sync and async", msync(s, 4096, MS_SYNC | MS_ASYNC));
    show("unknown", msync(s, 4096, 8));
    show("misaligned", msync(s + 1, 4096, MS_SYNC));
    show("unmapped", msync((void *)0x10000, 4096, MS_SYNC));
    p[4096] = 1;
    show("mincore", mincore(p, 3 * 4096, v));
    say("the touched page is resident %d", v[1] & 1);
    show("mincore misaligned", mincore(p + 1, 4096, v));
    show("mincore bad vector", mincore(p, 4096, (void *)8));
    show("mincore length 0", mincore(p, 0, v));
    munmap(p + 4096, 4096);
    show("mincore over a hole", mincore(p, 3 * 4096, v));
    show("mlock", mlock(p, 4096));
    show("munlock", munlock(p, 4096));
    show("mlock unmapped", mlock((void *)0x10000, 4096));
    show("mlockall bad flag", mlockall(0x100));
    show_file("f");
}
