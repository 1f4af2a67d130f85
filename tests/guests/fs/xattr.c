// Extended attributes in the user namespace: set, get, list, sizes, create and replace, remove, errors.
#include "../guest.h"
#include <sys/xattr.h>

int main(void) {
    put_file("f", "");
    MUST(symlink("f", "l") == 0);
    char b[64] = {0};
    show("set", setxattr("f", "user.one", "value", 5, 0));
    show("get", getxattr("f", "user.one", b, sizeof b));
    say("%s", b);
    show("size", getxattr("f", "user.one", NULL, 0));
    show("too small", getxattr("f", "user.one", b, 2));
    show("missing", getxattr("f", "user.none", b, sizeof b));
    show("create again", setxattr("f", "user.one", "x", 1, XATTR_CREATE));
    show("replace missing", setxattr("f", "user.two", "x", 1, XATTR_REPLACE));
    show("replace", setxattr("f", "user.one", "longer value", 12, XATTR_REPLACE));
    show("empty value", setxattr("f", "user.empty", "", 0, 0));
    show("through the link", getxattr("l", "user.one", b, sizeof b));
    show("list size", listxattr("f", NULL, 0));
    ssize_t n = listxattr("f", b, sizeof b);
    int seen = 0;
    for (char *p = b; n > 0 && p < b + n; p += strlen(p) + 1) seen += !strcmp(p, "user.one") + 2 * !strcmp(p, "user.empty");
    say("list has both %d", seen == 3);
    show("list too small", listxattr("f", b, 3));
    int fd = open("f", O_RDONLY);
    show("fgetxattr", fgetxattr(fd, "user.empty", b, sizeof b));
    show("remove", fremovexattr(fd, "user.one"));
    show("remove again", removexattr("f", "user.one"));
    show("no namespace", setxattr("f", "plain", "x", 1, 0));
    show("unknown namespace", setxattr("f", "other.x", "x", 1, 0));
    show("empty name", setxattr("f", "", "x", 1, 0));
    show("bad flags", setxattr("f", "user.x", "x", 1, 8));
    char name[300] = "user.";
    memset(name + 5, 'n', 290);
    show("long name", setxattr("f", name, "x", 1, 0));
    show("on the link itself", lsetxattr("l", "user.x", "x", 1, 0));
    show("missing file", getxattr("m", "user.x", b, sizeof b));
}
