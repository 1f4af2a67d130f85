// Shared file mappings, read and write see each other at once; private ones do not write through.
#include "../guest.h"

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    char b[16] = {0};
    MUST(ftruncate(fd, 3 * 4096) == 0);
    char *s = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *t = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    strcpy(s + 4096, "by map");
    say("other map: %s, private: %s", t, p);
    MUST(pread(fd, b, 6, 4096) == 6);
    say("read: %s", b);
    MUST(pwrite(fd, "BY WRITE", 9, 4096) == 9);
    say("map: %s, private untouched: %s", s + 4096, p);
    strcpy(p, "mine");
    say("private: %s, file: %s", p, t);
    MUST(pwrite(fd, "again", 6, 4096) == 6);
    say("private: %s, file: %s", p, t);
    close(fd);
    strcpy(s, "closed");
    show("msync", msync(s, 3 * 4096, MS_SYNC));
    show_file("f");
    fd = open("f", O_RDWR);
    MUST(write(fd, s + 4096, 6) == 6);
    say("written from its own mapping: %s", s);
    MUST(pread(fd, s + 8192, 6, 4096) == 6);
    say("read into its own mapping: %s", s + 8192);
    int ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);
    yes("shared writable of a read-only one", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED && errno == EACCES);
    yes("private writable is fine", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0) != MAP_FAILED);
    yes("write-only", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, wo, 0) == MAP_FAILED && errno == EACCES);
    void *m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
    show("mprotect it writable", mprotect(m, 4096, PROT_READ | PROT_WRITE));
    yes("offset misaligned", mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 5) == MAP_FAILED && errno == EINVAL);
    yes("directory", mmap(NULL, 4096, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0) == MAP_FAILED && errno == ENODEV);
    yes("closed", mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED && errno == EBADF);
}
