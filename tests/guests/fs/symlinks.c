// Symbolic links: chains up to forty, loops, readlink's truncation, lstat, links in the middle of paths.
#include "../guest.h"

int main(void) {
    char name[16], to[16], b[64];
    put_file("l0", "end");
    for (int i = 1; i <= 42; i++) {
        snprintf(name, sizeof name, "l%d", i);
        snprintf(to, sizeof to, "l%d", i - 1);
        MUST(symlink(to, name) == 0);
    }
    show("chain of 40", access("l40", F_OK));
    show("chain of 41", access("l41", F_OK));
    MUST(symlink("y", "x") == 0 && symlink("x", "y") == 0);
    show("loop", access("x", F_OK));
    struct stat st;
    show("lstat of a loop", lstat("x", &st));
    say("size of the link %d", (int)st.st_size);
    show("readlink", readlink("l12", b, sizeof b));
    memset(b, '#', sizeof b);
    show("readlink truncates", readlink("l12", b, 2));
    say("%.3s", b);
    show("readlink of a file", readlink("l0", b, sizeof b));
    show("readlink size 0", syscall(SYS_readlink, "l12", b, 0));
    show("readlink missing", readlink("m", b, sizeof b));
    show("symlink over something", symlink("l0", "l1"));
    show("empty target", symlink("", "e"));
    show("long target", symlink("some/long/path/that/does/not/exist", "far"));
    show("through it", access("far", F_OK));
    MUST(mkdir("d", 0755) == 0 && symlink("../d", "d/up") == 0);
    put_file("d/f", "in d");
    show_file("d/up/up/up/f");
    show("rmdir of a link", rmdir("d/up"));
    show("unlink of a link with slash", unlink("d/up/"));
    show("unlink of a link", unlink("d/up"));
    show("mkdir over a dangling link", mkdir("far", 0755));
    show("chown of the link itself", lchown("x", -1, -1));
}
