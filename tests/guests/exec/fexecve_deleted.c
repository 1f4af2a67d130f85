// A program that was deleted can still be run through its descriptor, and /proc/self/exe says so.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc > 1) {
        char link[300];
        ssize_t n = readlink("/proc/self/exe", link, sizeof link - 1);
        link[n > 0 ? n : 0] = 0;
        const char *base = strrchr(link, '/');
        say("exe ends in %s", base ? base : link);
        show("execute bit by path", access("copy", X_OK));
        return 12;
    }
    int in = open("/proc/self/exe", O_RDONLY), out = open("copy", O_WRONLY | O_CREAT, 0755);
    char buf[65536];
    for (ssize_t n; (n = read(in, buf, sizeof buf)) > 0;) MUST(write(out, buf, n) == n);
    close(out);
    int fd = open("copy", O_RDONLY | O_CLOEXEC);
    MUST(fd >= 0 && unlink("copy") == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *args[] = {"x", "child", NULL};
        fexecve(fd, args, environ);
        show("fexecve", -1);
        _exit(1);
    }
    reap("deleted program", pid);
    (void)argv;
}
