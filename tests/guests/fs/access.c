// access and faccessat: kinds of check, flags, errors; the real and the effective ids.
#include "../guest.h"

int main(void) {
    put_file("f", "");
    chmod("f", 0600);
    MUST(symlink("missing", "l") == 0 && mkdir("d", 0700) == 0);
    show("F_OK", access("f", F_OK));
    show("R_OK|W_OK", access("f", R_OK | W_OK));
    show("X_OK without any x bit", access("f", X_OK));
    chmod("f", 0700);
    show("X_OK", access("f", X_OK));
    show("directory X_OK", access("d", X_OK));
    show("mode 8", access("f", 8));
    show("dangling", access("l", F_OK));
    show("faccessat nofollow", faccessat(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
    show("faccessat eaccess", faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
    show("faccessat2 bad flag", syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 1));
    show("faccessat2 empty path", syscall(SYS_faccessat2, open("f", O_PATH), "", R_OK, AT_EMPTY_PATH));
    show("missing", access("m", F_OK));
    show("below a file", access("f/x", F_OK));
}
