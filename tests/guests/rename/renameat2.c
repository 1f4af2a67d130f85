// renameat2: NOREPLACE, EXCHANGE between all sorts, invalid flags.
#include "../guest.h"

static long r2(const char *a, const char *b, unsigned flags) { return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags); }

int main(void) {
    put_file("a", "a's text");
    put_file("b", "b");
    MUST(mkdir("d", 0755) == 0 && mkdir("d/sub", 0755) == 0 && symlink("a", "l") == 0);
    put_file("d/in", "");
    show("noreplace existing", r2("a", "b", RENAME_NOREPLACE));
    show("noreplace onto itself", r2("a", "a", RENAME_NOREPLACE));
    show("noreplace new", r2("a", "c", RENAME_NOREPLACE));
    show("exchange files", r2("c", "b", RENAME_EXCHANGE));
    show_file("b");
    show_file("c");
    show("exchange with missing", r2("c", "m", RENAME_EXCHANGE));
    show("exchange file and directory", r2("c", "d", RENAME_EXCHANGE));
    show("below it now", access("c/in", F_OK));
    show_file("d");
    show("exchange with its own child", r2("c", "c/sub", RENAME_EXCHANGE));
    show("exchange link and file", r2("l", "b", RENAME_EXCHANGE));
    char t[16] = {0};
    show("link moved", readlink("b", t, 15));
    show("both flags", r2("b", "c", RENAME_NOREPLACE | RENAME_EXCHANGE));
    show("whiteout and exchange", r2("b", "c", RENAME_WHITEOUT | RENAME_EXCHANGE));
    show("unknown flag", r2("b", "c", 0x80));
    int dir = open("c", O_RDONLY);
    show("renameat", renameat(dir, "in", AT_FDCWD, "out"));
    show("moved", access("out", F_OK));
    show("closed directory", renameat(99, "x", AT_FDCWD, "y"));
}
