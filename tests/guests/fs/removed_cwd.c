// A working directory that was removed: getcwd, creating, opening dot, leaving; fchdir and chdir errors.
#include "../guest.h"

int main(void) {
    char b[512];
    MUST(mkdir("d", 0755) == 0);
    int top = open(".", O_RDONLY);
    show("chdir", chdir("d"));
    MUST(getcwd(b, sizeof b));
    say("ends in %s", strrchr(b, '/'));
    show("buffer too small", syscall(SYS_getcwd, b, 3));
    show("rmdir of it", rmdir("../d"));
    show("getcwd", syscall(SYS_getcwd, b, sizeof b));
    show("create", open("x", O_CREAT | O_WRONLY, 0600));
    show("mkdir", mkdir("x", 0700));
    show_ok("open .", open(".", O_RDONLY));
    struct stat st;
    show("stat .", stat(".", &st));
    say("links %d", (int)st.st_nlink);
    show("chdir ..", chdir(".."));
    show("fchdir", fchdir(top));
    put_file("f", "");
    show("chdir to a file", chdir("f"));
    show("chdir missing", chdir("m"));
    show("fchdir of a file", fchdir(open("f", O_RDONLY)));
    show("fchdir closed", fchdir(99));
}
