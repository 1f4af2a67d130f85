// /proc/self: exe, cwd, root, cmdline, comm, environ against what the program knows.
// args: one two
// env: GUEST_MARK=here
#include "../guest.h"

static ssize_t slurp(const char *path, char *b, size_t n) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) return -1;
    ssize_t got = 0, k;
    while ((k = read(fd, b + got, n - 1 - got)) > 0) got += k;
    close(fd);
    b[got] = 0;
    return got;
}

int main(int argc, char **argv) {
    static char b[65536], c[4096];
    ssize_t n = readlink("/proc/self", b, 100);
    b[n > 0 ? n : 0] = 0;
    yes("self is our pid", atoi(b) == getpid());
    n = readlink("/proc/thread-self", b, 100);
    b[n > 0 ? n : 0] = 0;
    snprintf(c, sizeof c, "%d/task/%d", getpid(), gettid());
    yes("thread-self", strcmp(b, c) == 0);
    n = readlink("/proc/self/exe", b, 4000);
    b[n > 0 ? n : 0] = 0;
    struct stat x, y;
    yes("exe is a file", stat("/proc/self/exe", &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && S_ISREG(x.st_mode));
    MUST(mkdir("d", 0755) == 0 && chdir("d") == 0 && getcwd(c, sizeof c));
    n = readlink("/proc/self/cwd", b, 4000);
    b[n > 0 ? n : 0] = 0;
    yes("cwd", strcmp(b, c) == 0);
    n = readlink("/proc/self/root", b, 100);
    b[n > 0 ? n : 0] = 0;
    say("root %s", b);
    n = slurp("/proc/self/cmdline", b, sizeof b);
    size_t at = 0;
    int same = 1;
    for (int i = 0; i < argc; i++) same &= strcmp(b + at, argv[i]) == 0, at += strlen(argv[i]) + 1;
    say("cmdline same %d, length right %d, arguments %d", same, (size_t)n == at, argc);
    n = slurp("/proc/self/environ", b, sizeof b);
    int found = 0;
    for (ssize_t i = 0; i < n; i += strlen(b + i) + 1) found += strcmp(b + i, "GUEST_MARK=here") == 0;
    say("mark in environ %d", found);
    n = slurp("/proc/self/comm", b, sizeof b);
    yes("comm ends in a newline", n > 1 && n <= 16 && b[n - 1] == '\n');
    show("cwd link as a directory", access("/proc/self/cwd/../d", F_OK));
    show("root link as a directory", access("/proc/self/root/etc", F_OK));
}
