// mremap: shrink, grow in place or moving, MREMAP_FIXED, DONTUNMAP of content, errors.
#include "../guest.h"

int main(void) {
    unsigned char vec[8];
    char *p = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 8; i++) p[i * 4096] = i + 1;
    yes("shrink stays", mremap(p, 8 * 4096, 4 * 4096, 0) == p);
    show("the tail is gone", mincore(p + 4 * 4096, 4096, vec));
    yes("grow into the room", mremap(p, 4 * 4096, 6 * 4096, 0) == p);
    say("old %d, new %d", p[3 * 4096], p[4 * 4096]);
    char *wall = mmap(p + 6 * 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    MUST(wall == p + 6 * 4096);
    yes("no room, may not move", mremap(p, 6 * 4096, 12 * 4096, 0) == MAP_FAILED && errno == ENOMEM);
    char *q = mremap(p, 6 * 4096, 12 * 4096, MREMAP_MAYMOVE);
    yes("moved", q != MAP_FAILED && q != p);
    say("content %d %d %d", q[0], q[3 * 4096], q[11 * 4096]);
    show("old place is free", mincore(p, 4096, vec));
    char *target = mmap(NULL, 12 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    yes("fixed", mremap(q, 12 * 4096, 12 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
    say("content %d %d, writable %d", target[0], target[3 * 4096], (target[1] = 5));
    yes("fixed without maymove", mremap(target, 4096, 4096, MREMAP_FIXED, q) == MAP_FAILED && errno == EINVAL);
    yes("overlapping", mremap(target, 4 * 4096, 4 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target + 4096) == MAP_FAILED && errno == EINVAL);
    yes("misaligned", mremap(target + 1, 4096, 4096, 0) == MAP_FAILED && errno == EINVAL);
    yes("size 0", mremap(target, 4096, 0, 0) == MAP_FAILED && errno == EINVAL);
    yes("unmapped", mremap(p, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    yes("unknown flag", mremap(target, 4096, 8192, 0x40) == MAP_FAILED && errno == EINVAL);
    put_file("f", "file");
    int fd = open("f", O_RDWR);
    char *f = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    mmap(f + 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ftruncate(fd, 3 * 4096);
    char *g = mremap(f, 4096, 3 * 4096, MREMAP_MAYMOVE);
    MUST(g != MAP_FAILED);
    MUST(pwrite(fd, "third", 6, 2 * 4096) == 6);
    say("file mapping grown: %s %s", g, g + 2 * 4096);
}
