// mknod: regular files, fifos and sockets' names; types it refuses.
#include "../guest.h"

static void made(const char *p) {
    struct stat st;
    if (lstat(p, &st) == 0) say("%s type %o mode %04o", p, st.st_mode >> 12, st.st_mode & 07777);
}

int main(void) {
    umask(022);
    show("regular", mknod("r", S_IFREG | 0666, 0));
    made("r");
    show("no type is regular", mknod("n", 0640, 0));
    made("n");
    show("fifo", mknod("p", S_IFIFO | 0666, 0));
    made("p");
    show("socket", mknod("s", S_IFSOCK | 0666, 0));
    made("s");
    show("open of a socket", open("s", O_RDWR));
    show("directory", mknod("d", S_IFDIR | 0755, 0));
    show("symlink", mknod("l", S_IFLNK | 0777, 0));
    show("exists", mknod("r", S_IFREG | 0666, 0));
    show("mknodat in a missing directory", mknodat(AT_FDCWD, "m/x", S_IFREG | 0600, 0));
    show("unlink", unlink("s"));
}
