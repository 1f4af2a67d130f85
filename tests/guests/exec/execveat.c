// execveat: relative to a directory, empty path, symlinks refused, errors.
#include "../guest.h"

static void run(const char *what, int dirfd, const char *path, int flags) {
    pid_t pid = fork();
    if (pid == 0) {
        char *args[] = {"x", "child", NULL}, *env[] = {NULL};
        syscall(SYS_execveat, dirfd, path, args, env, flags);
        show(what, -1);
        _exit(1);
    }
    reap(what, pid);
}

int main(int argc, char **argv) {
    if (argc > 1) return 30;
    (void)argv;
    MUST(mkdir("dir", 0755) == 0);
    MUST(symlink("/proc/self/exe", "dir/link") == 0);
    int dir = open("dir", O_RDONLY | O_DIRECTORY), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int path = open("/proc/self/exe", O_PATH);
    run("relative", dir, "link", 0);
    run("AT_FDCWD", AT_FDCWD, "dir/link", 0);
    run("absolute", -1, "/proc/self/exe", 0);
    run("empty path", self, "", AT_EMPTY_PATH);
    run("empty path, O_PATH", path, "", AT_EMPTY_PATH);
    run("empty path without the flag", self, "", 0);
    run("nofollow", dir, "link", AT_SYMLINK_NOFOLLOW);
    run("missing", dir, "missing", 0);
    run("bad descriptor", 99, "link", 0);
    run("not a directory", self, "link", 0);
    run("directory itself", dir, "", AT_EMPTY_PATH);
    run("unknown flag", self, "", AT_EMPTY_PATH | 0x1);
}
