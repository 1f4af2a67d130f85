// rename corner cases: into oneself, same inode, trailing slashes, dot names, parents, open files, working directory.
#include "../guest.h"

int main(void) {
    MUST(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
    put_file("f", "f");
    MUST(link("f", "g") == 0);
    show("into its own child", rename("d", "d/e/x"));
    show("onto itself", rename("d", "d"));
    show("parent over child's place", rename("d", "d/e"));
    show("child over its parent", rename("d/e", "d"));
    show("two names of one inode", rename("f", "g"));
    struct stat st;
    stat("f", &st);
    say("both stay, links %d", (int)st.st_nlink);
    show("dot", rename(".", "x"));
    show("dot dot", rename("d/..", "x"));
    show("to dot", rename("d", "."));
    show("to dot dot", rename("f", "d/.."));
    show("file with slash", rename("f/", "h"));
    show("file to a name with slash", rename("f", "h/"));
    show("directory to a name with slash", rename("d", "n/"));
    show("directory with slash", rename("n/", "d"));
    show("missing target directory", rename("f", "m/f"));
    show("through a file", rename("f", "g/x"));
    show("empty", rename("", "x"));
    show("to empty", rename("f", ""));
    int fd = open("f", O_RDONLY);
    put_file("other", "other");
    show("over an open file", rename("other", "f"));
    char c;
    MUST(read(fd, &c, 1) == 1);
    say("the descriptor reads the old one: %c", c);
    show_file("f");
    MUST(chdir("d/e") == 0);
    show("of the working directory", rename("../../d", "../../moved"));
    char cwd[300];
    MUST(getcwd(cwd, sizeof cwd));
    yes("getcwd follows", strstr(cwd, "/moved/e") != NULL);
    show("root", rename("/", "x"));
    char longname[300];
    memset(longname, 'n', 299);
    longname[299] = 0;
    show("long name", rename("../../f", longname));
}
