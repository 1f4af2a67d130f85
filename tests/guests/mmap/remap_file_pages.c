// remap_file_pages: pages of a shared mapping in another order.
#include "../guest.h"

int main(void) {
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    MUST(fd >= 0 && ftruncate(fd, 3 * 4096) == 0);
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(p != MAP_FAILED);
    for (int i = 0; i < 3; i++) p[i * 4096] = 'a' + i;
    show("remap", syscall(SYS_remap_file_pages, p, 4096UL, 0, 2UL, 0));
    say("%c%c%c", p[0], p[4096], p[8192]);
    p[0] = 'X';
    say("%c%c%c", p[0], p[4096], p[8192]);
    show("protection", syscall(SYS_remap_file_pages, p, 4096UL, PROT_READ, 2UL, 0));
    show("nothing", syscall(SYS_remap_file_pages, p, 0UL, 0, 2UL, 0));
    char *q = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    show("private", syscall(SYS_remap_file_pages, q, 4096UL, 0, 1UL, 0));
    MUST(munmap(q, 4096) == 0);
    show("not mapped", syscall(SYS_remap_file_pages, q, 4096UL, 0, 1UL, 0));
    return 0;
}
