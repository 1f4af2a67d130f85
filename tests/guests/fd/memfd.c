// memfd_create: an anonymous file; sealing; /proc/self/fd reopens it.
#include "../guest.h"

int main(void) {
    int fd = memfd_create("note", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    show("close-on-exec", fcntl(fd, F_GETFD));
    show("write", write(fd, "hello", 5));
    show("truncate", ftruncate(fd, 3));
    struct stat st;
    fstat(fd, &st);
    say("size %d, links %d, regular %d", (int)st.st_size, (int)st.st_nlink, S_ISREG(st.st_mode));
    show("no seals", fcntl(fd, F_GET_SEALS));
    show("seal growth and writes", fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_WRITE));
    show("write", write(fd, "x", 1));
    show("grow", ftruncate(fd, 10));
    show("shrink", ftruncate(fd, 2));
    yes("no writable shared mapping", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
    char path[40], link[64] = {0}, b[4] = {0};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    MUST(readlink(path, link, sizeof link - 1) > 0);
    say("%s", link);
    int again = open(path, O_RDONLY);
    show("read by another open", read(again, b, 4));
    show("unknown flag", memfd_create("x", 0x1000));
    int plain = memfd_create("y", 0);
    show("sealed at birth", fcntl(plain, F_GET_SEALS));
    show("cannot be sealed", fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE));
}
