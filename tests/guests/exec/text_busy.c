// A file open for writing cannot be executed (ETXTBSY) until the writer closes it.
#include "../guest.h"

static void run(const char *what) {
    pid_t pid = fork();
    if (pid == 0) {
        execl("./copy", "x", "child", (char *)NULL);
        show(what, -1);
        _exit(1);
    }
    reap(what, pid);
}

int main(int argc, char **argv) {
    if (argc > 1) return 13;
    (void)argv;
    int in = open("/proc/self/exe", O_RDONLY), out = open("copy", O_WRONLY | O_CREAT, 0755);
    char buf[65536];
    for (ssize_t n; (n = read(in, buf, sizeof buf)) > 0;) MUST(write(out, buf, n) == n);
    fcntl(out, F_SETFD, FD_CLOEXEC);
    run("open for writing");
    close(out);
    run("closed");
}
