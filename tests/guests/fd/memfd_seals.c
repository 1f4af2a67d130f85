// Seals of memory files: what each forbids, mappings that stand against them, and those that come with the file.
#include "../guest.h"

static int sealed(int seals, int size) {
    int fd = memfd_create("s", MFD_ALLOW_SEALING);
    MUST(ftruncate(fd, size) == 0);
    show("add", fcntl(fd, F_ADD_SEALS, seals));
    return fd;
}

static void try_all(const char *what, int fd) {
    say("%s: seals %d", what, fcntl(fd, F_GET_SEALS));
    show("write inside", pwrite(fd, "abc", 3, 0));
    show("write over the end", pwrite(fd, "abcd", 4, 8190));
    show("grow", ftruncate(fd, 12288));
    show("allocate more", fallocate(fd, 0, 0, 16384));
    show("allocate more, size kept", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 32768));
    show("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    show("shrink", ftruncate(fd, 4096));
    show("same size", ftruncate(fd, lseek(fd, 0, SEEK_END)));
    void *m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    yes("map to read", m != MAP_FAILED);
    show("make it writable", mprotect(m, 4096, PROT_READ | PROT_WRITE));
    munmap(m, 4096);
    m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    show("map to write", m == MAP_FAILED ? -1 : 0);
    m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    yes("map privately", m != MAP_FAILED);
    close(fd);
}

int main(void) {
    try_all("none", sealed(0, 8192));
    try_all("shrink", sealed(F_SEAL_SHRINK, 8192));
    try_all("grow", sealed(F_SEAL_GROW, 8192));
    try_all("write", sealed(F_SEAL_WRITE, 8192));
    try_all("future write", sealed(F_SEAL_FUTURE_WRITE, 8192));
    int fd = memfd_create("m", MFD_ALLOW_SEALING);
    ftruncate(fd, 8192);
    char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    show("write seal with a mapping", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    show("future write seal", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    m[0] = 1;
    char c;
    pread(fd, &c, 1, 0);
    show("written through the mapping", c);
    munmap(m, 4096);
    show("half of it unmapped", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    munmap(m + 4096, 4096);
    show("all of it", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    show("no more", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    show("unknown", fcntl(memfd_create("u", MFD_ALLOW_SEALING), F_ADD_SEALS, 0x100));
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", memfd_create("r", MFD_ALLOW_SEALING));
    show("read-only descriptor", fcntl(open(path, O_RDONLY), F_ADD_SEALS, F_SEAL_GROW));
    put_file("f", "x");
    fd = memfd_create("n", 8 /* MFD_NOEXEC_SEAL */);
    struct stat st;
    fstat(fd, &st);
    say("not executable: mode %o, seals %d", st.st_mode & 07777, fcntl(fd, F_GET_SEALS));
    show("chmod +x", fchmod(fd, 0700));
    show("chmod -w", fchmod(fd, 0400));
    show("both", memfd_create("x", 8 | 16));
}
