// O_TMPFILE: a file without a name that linkat may give one, unless O_EXCL.
#include "../guest.h"

int main(void) {
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    show_ok("open", fd);
    struct stat st;
    fstat(fd, &st);
    say("links %d, regular %d, mode %03o", (int)st.st_nlink, S_ISREG(st.st_mode), st.st_mode & 0777);
    show("write", write(fd, "content", 7));
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    show("link", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    fstat(fd, &st);
    say("links %d", (int)st.st_nlink);
    show_file("named");
    show("read-only is refused", open(".", O_TMPFILE | O_RDONLY, 0600));
    fd = open(".", O_TMPFILE | O_EXCL | O_WRONLY, 0600);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    show("link an exclusive one", linkat(AT_FDCWD, path, AT_FDCWD, "other", AT_SYMLINK_FOLLOW));
    show("in a file", open("named", O_TMPFILE | O_WRONLY, 0600));
    show("in a missing directory", open("m", O_TMPFILE | O_WRONLY, 0600));
}
