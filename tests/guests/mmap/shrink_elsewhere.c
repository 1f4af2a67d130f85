// A file that another process cuts: pages of a shared mapping beyond its end are gone, private copies too.
#include "look.h"

int main(void) {
    signal(SIGBUS, handler);
    int fd = open("f", O_RDWR | O_CREAT, 0600), p[2], q[2];
    MUST(pipe(p) == 0 && pipe(q) == 0 && ftruncate(fd, 3 * 4096) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), c;
        char *own = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        m[4096] = 1, own[8192] = 2, own[1] = 3;
        for (int i = 0; i < 3; i++) {
            MUST(write(p[1], "x", 1) == 1 && read(q[0], &c, 1) == 1);
            say("round %d", i);
            say("shared: %s", look(m + 4096));
            say("private: %s", look(own + 8192));
            say("private, first page: %s", look(own + 1));
        }
        _exit(0);
    }
    char c;
    for (int i = 0; i < 3; i++) {
        MUST(read(p[0], &c, 1) == 1);
        MUST(ftruncate(fd, i == 1 ? 12288 : 100) == 0);
        MUST(write(q[1], "x", 1) == 1);
    }
    reap("child", pid);
}
