// Path walk: `.`, `..`, doubled and trailing slashes, long names and paths, and the root's parent.
#include "../guest.h"

static void look(const char *path) {
    struct stat st;
    int rc = stat(path, &st);
    say("%.40s -> %s", path, rc ? errname(errno) : S_ISDIR(st.st_mode) ? "directory" : "file");
}

int main(void) {
    MUST(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0 && symlink("a/b", "s") == 0);
    put_file("a/f", "");
    put_file("a/b/g", "");
    static const char *const all[] = {".", "..", "a/.", "a/..", "a//b///g", "./a/./b/../f", "a/b/../../a/f", "s/../f", "s/g", "s/", "s/.", "a/f/", "a/f/.",
                                      "a/f/..", "m/..", "m/../a", "/", "//", "/..", "/../..", "/.", ""};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) look(all[i]);
    char name[300];
    memset(name, 'n', sizeof name);
    name[255] = 0;
    show("name of 255", mkdir(name, 0755));
    name[255] = 'n';
    name[256] = 0;
    show("name of 256", mkdir(name, 0755));
    look(name);
    char path[5000] = "";
    for (int i = 0; i < 2047; i++) strcat(path, "./");
    look(strcat(path, "a")); // 4095 bytes
    look(strcat(path, "/")); // 4096: one too many with its NUL
    struct stat root, up;
    stat("/", &root), stat("/..", &up);
    yes("the root is its own parent", root.st_ino == up.st_ino && root.st_dev == up.st_dev);
}
