// mkdir and rmdir: modes, nesting counts, errors for ".", "..", not empty, files, roots.
#include "../guest.h"

static int links(const char *p) {
    struct stat st;
    return stat(p, &st) ? -1 : (int)st.st_nlink;
}

int main(void) {
    umask(022);
    struct stat st;
    show("mkdir", mkdir("d", 0777));
    stat("d", &st);
    say("mode %04o", st.st_mode & 07777);
    show("again", mkdir("d", 0777));
    show("trailing slash", mkdir("e/", 0700));
    show("missing parent", mkdir("m/x", 0777));
    put_file("f", "");
    show("below a file", mkdir("f/x", 0777));
    show("over a file", mkdir("f", 0777));
    show("dot", mkdir(".", 0777));
    show("dot dot", mkdir("..", 0777));
    show("d/.", mkdir("d/.", 0777));
    show("root", mkdir("/", 0777));
    int before = links("d");
    mkdir("d/x", 0777), mkdir("d/y", 0777);
    yes("a subdirectory counts as a link, or links are not counted", links("d") == before + 2 || links("d") == 1);
    show("not empty", rmdir("d"));
    show("rmdir .", rmdir("d/x/."));
    show("rmdir ..", rmdir("d/x/.."));
    show("rmdir /", rmdir("/"));
    show("rmdir of a file", rmdir("f"));
    show("rmdir missing", rmdir("m"));
    show("rmdir with slash", rmdir("d/x/"));
    show("unlink of a directory", unlink("d/y"));
    show("unlinkat AT_REMOVEDIR", unlinkat(AT_FDCWD, "d/y", AT_REMOVEDIR));
    show("unlinkat bad flag", unlinkat(AT_FDCWD, "f", 0x10));
    show("rmdir", rmdir("d"));
    show("unlink with slash", unlink("f/"));
}
