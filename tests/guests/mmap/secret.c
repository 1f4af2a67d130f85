// memfd_secret: sized once, mapped shared and locked, neither read nor written by calls, hidden from who looks in from outside.
#include "../guest.h"
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static void smaps(void) {
    char line[400];
    FILE *f = fopen("/proc/self/smaps", "r");
    MUST(f != NULL);
    int ours = 0;
    while (fgets(line, sizeof line, f)) {
        if (strstr(line, "/secretmem (deleted)")) ours = 1;
        if (ours && (!strncmp(line, "Locked", 6) || !strncmp(line, "VmFlags", 7))) {
            line[strcspn(line, "\n")] = 0;
            say("%s", line);
            ours = line[0] != 'V';
        }
    }
    fclose(f);
}

static void as_a_file(int fd) {
    char link[100] = {0}, path[40], b[8] = "abc";
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    MUST(readlink(path, link, sizeof link - 1) > 0 && fstat(fd, &st) == 0);
    say("%s %o %ld", link, st.st_mode, (long)st.st_size);
    show("seals", fcntl(fd, F_GET_SEALS));
    show("read", read(fd, b, 3));
    show("write", write(fd, b, 3));
    show("pread", pread(fd, b, 3, 0));
    show("lseek", lseek(fd, 0, SEEK_END));
    show("fallocate", fallocate(fd, 0, 0, 4096));
    show("fsync", fsync(fd));
    int p[2];
    MUST(pipe(p) == 0);
    show("splice", splice(fd, 0, p[1], 0, 1, 0));
    show("size", ftruncate(fd, 8192));
    show("another", ftruncate(fd, 4096));
    show("none", ftruncate(fd, 0));
    MUST(fstat(fd, &st) == 0);
    say("%ld", (long)st.st_size);
}

int main(void) {
    struct utsname u;
    int major = 0, minor = 0;
    MUST(uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2);
    // Off by default before.
    if (major < 6 || (major == 6 && minor < 5)) return 0;
    show("unknown flags", syscall(SYS_memfd_secret, 1));
    int fd = syscall(SYS_memfd_secret, O_CLOEXEC);
    show("made", fd);
    show("flags", fcntl(fd, F_GETFD));
    as_a_file(fd);
    show("private", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
    show("executable", (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
    char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(m != MAP_FAILED);
    strcpy(m, "hello");
    strcpy(m + 4096, "there");
    smaps();
    show("munlock", munlock(m, 8192));
    show("still locked", madvise(m, 4096, MADV_DONTNEED));
    char b[8] = {0};
    struct iovec here = {b, 5}, there = {m, 5};
    show("process_vm_readv", process_vm_readv(getpid(), &here, 1, &there, 1, 0));
    int p[2];
    MUST(pipe(p) == 0);
    show("as a buffer", write(p[1], m, 5));
    show("and back", read(p[0], m + 100, 5));
    pid_t pid = fork();
    if (pid == 0) {
        m[0] = 'J';
        _exit(0);
    }
    reap("child", pid);
    say("%s %s %s", m, m + 100, m + 4096);
}
