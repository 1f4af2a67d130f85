// Which operation moves which of atime, mtime and ctime of the file and of its directory.
#include "../guest.h"

static struct stat f0, d0;
static void start(void) {
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    utimensat(AT_FDCWD, "d/f", old, 0);
    utimensat(AT_FDCWD, "d", old, 0);
    sleep_ms(12); // longer than the kernel's clock tick, so that a new ctime differs
    MUST(stat("d/f", &f0) == 0 && stat("d", &d0) == 0);
}
static int moved(struct timespec a, struct timespec b) { return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec; }
static void finish(const char *what) {
    struct stat f, d;
    MUST(stat("d/f", &f) == 0 && stat("d", &d) == 0);
    say("%s: file mtime %d ctime %d, directory mtime %d ctime %d", what, moved(f.st_mtim, f0.st_mtim), moved(f.st_ctim, f0.st_ctim),
        moved(d.st_mtim, d0.st_mtim), moved(d.st_ctim, d0.st_ctim));
}
#define STEP(what, call) \
    do {                 \
        start();         \
        MUST(call);      \
        finish(what);    \
    } while (0)

int main(void) {
    MUST(mkdir("d", 0755) == 0);
    put_file("d/f", "text");
    int fd = open("d/f", O_RDWR);
    char b[4];
    STEP("read", pread(fd, b, 4, 0) == 4);
    STEP("write", pwrite(fd, "x", 1, 0) == 1);
    STEP("write of nothing", pwrite(fd, "x", 0, 0) == 0);
    STEP("ftruncate to the same size", ftruncate(fd, 4) == 0);
    STEP("ftruncate", ftruncate(fd, 2) == 0);
    STEP("chmod", fchmod(fd, 0600) == 0);
    STEP("link", link("d/f", "d/g") == 0);
    STEP("unlink of the link", unlink("d/g") == 0);
    STEP("rename", rename("d/f", "d/h") == 0 && rename("d/h", "d/f") == 0);
    STEP("mkdir beside", mkdir("d/s", 0700) == 0);
    STEP("open of an existing one", close(open("d/f", O_RDWR | O_CREAT, 0600)) == 0);
    STEP("open with O_TRUNC", close(open("d/f", O_RDWR | O_TRUNC)) == 0);
    STEP("utimensat", utimensat(AT_FDCWD, "d/f", NULL, 0) == 0);
}
