// The end of a process closes its descriptors: readers see EOF after the last writer, whatever way it ended.
#include "../guest.h"

static void reader(const char *what, int how) {
    int p[2];
    char buf[16];
    MUST(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        MUST(write(p[1], "data", 4) == 4);
        if (how == 1) raise(SIGKILL);
        if (how == 2) abort();
        _exit(0);
    }
    close(p[1]);
    ssize_t first = read(p[0], buf, sizeof buf), second = read(p[0], buf, sizeof buf);
    say("%s: %zd, then %zd", what, first, second);
    close(p[0]);
    reap(what, pid);
}

int main(void) {
    reader("exit", 0);
    reader("kill", 1);
    reader("abort", 2);
}
