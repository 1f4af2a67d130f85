// Mappings past the end of a file: zeroes in the last page, SIGBUS beyond, SIGBUS after truncation, fine after growth.
#include "look.h"

int main(void) {
    signal(SIGBUS, handler);
    signal(SIGSEGV, handler);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    MUST(write(fd, "abc", 3) == 3);
    char *m = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    say("last byte %s", look(m + 2));
    say("rest of the page %s", look(m + 3));
    say("next page %s", look(m + 4096));
    ftruncate(fd, 2 * 4096);
    say("after growth %s", look(m + 4096));
    m[4096] = 9, m[10] = 8;
    ftruncate(fd, 5);
    say("after shrinking: second page %s", look(m + 4096));
    say("cut byte in the first page %s", look(m + 10));
    ftruncate(fd, 4 * 4096);
    say("after growing again: %s", look(m + 4096));
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    p[4096] = 5;
    ftruncate(fd, 0);
    say("private copy of a truncated page %s", look(p + 4096));
    char buf[4];
    ftruncate(fd, 1);
    show("a call that reads from there", write(open("g", O_WRONLY | O_CREAT, 0600), m + 4096, 4));
    show("a call that writes there", pread(open("/dev/zero", O_RDONLY), m + 4096, 4, 0));
    show("a call across the end of the page", pread(fd, buf, 4, 0));
}
