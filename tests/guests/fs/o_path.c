// O_PATH descriptors: what they can do and what answers EBADF.
#include "../guest.h"
#include <sys/ioctl.h>

int main(void) {
    put_file("f", "text");
    MUST(symlink("f", "l") == 0 && mkdir("d", 0755) == 0);
    int fd = open("f", O_PATH), link = open("l", O_PATH | O_NOFOLLOW), dir = open("d", O_PATH);
    char b[16] = {0};
    int n;
    struct stat st;
    show("read", read(fd, b, 4));
    show("write", write(fd, "x", 1));
    show("lseek", lseek(fd, 0, SEEK_SET));
    show("ftruncate", ftruncate(fd, 0));
    show("fchmod", fchmod(fd, 0600));
    show("fchown", fchown(fd, -1, -1));
    show("ioctl", ioctl(fd, FIONREAD, &n));
    show("fsync", fsync(fd));
    yes("mmap", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
    show("getdents", syscall(SYS_getdents64, dir, b, sizeof b));
    show("fstat", fstat(fd, &st));
    show("fstat of the link", fstat(link, &st));
    say("it is a link %d", S_ISLNK(st.st_mode));
    show("readlinkat", readlinkat(link, "", b, sizeof b));
    show("openat below", open("/dev/null", O_RDONLY) >= 0 && openat(dir, "x", O_CREAT | O_WRONLY, 0600) >= 0);
    show("fchdir", fchdir(dir));
    show("created there", access("x", F_OK));
    show_ok("dup", dup(fd));
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY);
    show("reopened", read(again, b, 4));
    show("close", close(fd));
}
