// Hard links: counts, shared content, errors, links to symlinks, ctime.
#include "../guest.h"

static int links(const char *p) {
    struct stat st;
    return lstat(p, &st) ? -1 : (int)st.st_nlink;
}

int main(void) {
    put_file("a", "one");
    show("link", link("a", "b"));
    struct stat x, y;
    stat("a", &x), stat("b", &y);
    say("same inode %d, links %d", x.st_ino == y.st_ino, links("a"));
    put_file("b", "two");
    show_file("a");
    show("over something", link("a", "b"));
    show("missing", link("m", "c"));
    MUST(mkdir("d", 0755) == 0);
    show("of a directory", link("d", "e"));
    show("into a missing directory", link("a", "m/a"));
    show("with a slash", link("a", "c/"));
    MUST(symlink("a", "s") == 0);
    show("of a symlink", link("s", "t"));
    say("t is a symlink: links of it %d, of a %d", links("t"), links("a"));
    show("linkat follow", linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
    say("links of a %d", links("a"));
    show("linkat bad flag", linkat(AT_FDCWD, "a", AT_FDCWD, "v", 0x1));
    int fd = open("a", O_RDONLY);
    unlink("a"), unlink("b"), unlink("u");
    fstat(fd, &x);
    say("links when all names are gone %d", (int)x.st_nlink);
    char c[4] = {0};
    show("still readable", read(fd, c, 3));
    say("%s", c);
}
