// open: O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW and their errors.
#include "../guest.h"
#include <sys/file.h>

static void try(const char *what, const char *path, int flags) {
    int fd = open(path, flags, 0644);
    show_ok(what, fd);
    if (fd >= 0) close(fd);
}

int main(void) {
    put_file("f", "text");
    MUST(mkdir("d", 0755) == 0 && symlink("f", "l") == 0 && symlink("nowhere", "dangling") == 0 && symlink("d", "ld") == 0 && symlink("self", "self") == 0);
    try("missing", "m", O_RDONLY);
    try("exclusive existing", "f", O_CREAT | O_EXCL | O_WRONLY);
    try("exclusive symlink", "dangling", O_CREAT | O_EXCL | O_WRONLY);
    try("exclusive new", "new", O_CREAT | O_EXCL | O_WRONLY);
    try("create through a dangling link", "dangling", O_CREAT | O_WRONLY);
    show("it was created", access("nowhere", F_OK));
    try("directory as file", "f", O_RDONLY | O_DIRECTORY);
    try("directory", "d", O_RDONLY | O_DIRECTORY);
    try("write a directory", "d", O_WRONLY);
    try("create on a directory", "d", O_CREAT | O_RDONLY);
    try("create with a trailing slash", "x/", O_CREAT | O_WRONLY);
    try("file with a trailing slash", "f/", O_RDONLY);
    try("link to a directory, slash", "ld/", O_RDONLY);
    try("nofollow link", "l", O_RDONLY | O_NOFOLLOW);
    try("nofollow file", "f", O_RDONLY | O_NOFOLLOW);
    try("nofollow link to directory", "ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY);
    try("nofollow, slash", "ld/", O_RDONLY | O_NOFOLLOW);
    try("loop", "self", O_RDONLY);
    try("through a file", "f/x", O_RDONLY);
    try("through a missing directory", "m/x", O_RDONLY | O_CREAT);
    try("empty path", "", O_RDONLY);
    try("mode 3", "f", 3);
    show_file("f");
    try("truncate", "f", O_WRONLY | O_TRUNC);
    show_file("f");
    int fd = open("f", O_WRONLY);
    char c;
    show("read of a write-only one", read(fd, &c, 1));
    show("write to a read-only one", write(open("f", O_RDONLY), "x", 1));
    fd = open("f", 3);
    show("read of one for neither", read(fd, &c, 1));
    show("write to one for neither", write(fd, "x", 1));
    show("its mode", fcntl(fd, F_GETFL) & O_ACCMODE);
    show("truncate one for neither", ftruncate(fd, 0));
    show("lock one for neither", flock(fd, LOCK_SH));
    show("map one for neither", mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
    MUST(mkfifo("p", 0600) == 0);
    try("a fifo for neither", "p", 3);
    try("a directory for neither", "d", 3);
    show("read of a directory", read(open("d", O_RDONLY), &c, 1));
}
