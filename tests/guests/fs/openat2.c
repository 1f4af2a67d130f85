// openat2: RESOLVE_BENEATH, IN_ROOT, NO_SYMLINKS, NO_MAGICLINKS, NO_XDEV; struct sizes and bad fields.
#include "../guest.h"
#include <linux/openat2.h>

static int dir;
static void try(const char *what, const char *path, unsigned long resolve) {
    struct open_how how = {.flags = O_RDONLY, .resolve = resolve};
    show_ok(what, syscall(SYS_openat2, dir, path, &how, sizeof how));
}

int main(void) {
    MUST(mkdir("d", 0755) == 0 && mkdir("d/sub", 0755) == 0);
    put_file("f", ""), put_file("d/f", ""), put_file("d/sub/g", "");
    MUST(symlink("../f", "d/out") == 0 && symlink("sub/g", "d/in") == 0 && symlink("/f", "d/abs") == 0 && symlink("sub", "d/s") == 0);
    dir = open("d", O_RDONLY | O_DIRECTORY);
    try("plain", "f", 0);
    try("plain out", "out", 0);
    try("beneath: inside", "sub/../f", RESOLVE_BENEATH);
    try("beneath: ..", "../f", RESOLVE_BENEATH);
    try("beneath: link out", "out", RESOLVE_BENEATH);
    try("beneath: link in", "in", RESOLVE_BENEATH);
    try("beneath: absolute", "/etc", RESOLVE_BENEATH);
    try("in root: .. stays", "../../f", RESOLVE_IN_ROOT);
    try("in root: absolute", "/sub/g", RESOLVE_IN_ROOT);
    try("in root: absolute link", "abs", RESOLVE_IN_ROOT);
    try("no symlinks: last", "in", RESOLVE_NO_SYMLINKS);
    try("no symlinks: middle", "s/g", RESOLVE_NO_SYMLINKS);
    try("no symlinks: none", "sub/g", RESOLVE_NO_SYMLINKS);
    try("no magic links", "/proc/self/fd/1", RESOLVE_NO_MAGICLINKS);
    try("no crossing", "/proc/version", RESOLVE_NO_XDEV);
    try("beneath and in root", "f", RESOLVE_BENEATH | RESOLVE_IN_ROOT);
    try("unknown resolve", "f", 1ul << 40);
    struct open_how how = {.flags = O_RDONLY, .mode = 0600};
    show("mode without create", syscall(SYS_openat2, dir, "f", &how, sizeof how));
    how = (struct open_how){.flags = O_CREAT | O_WRONLY, .mode = 010000};
    show("mode too large", syscall(SYS_openat2, dir, "n", &how, sizeof how));
    how = (struct open_how){.flags = 1ul << 35};
    show("unknown flag", syscall(SYS_openat2, dir, "f", &how, sizeof how));
    how = (struct open_how){.flags = O_RDONLY};
    show("short struct", syscall(SYS_openat2, dir, "f", &how, sizeof how - 1));
    struct { struct open_how how; long more; } big = {.how = how};
    show_ok("longer, zero", syscall(SYS_openat2, dir, "f", &big, sizeof big));
    big.more = 1;
    show("longer, set", syscall(SYS_openat2, dir, "f", &big, sizeof big));
}
