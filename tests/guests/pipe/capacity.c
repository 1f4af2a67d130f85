// A pipe holds 64 KiB; F_SETPIPE_SZ rounds up to powers of two pages and refuses to drop data.
#include "../guest.h"

static int fill(int fd) {
    static char page[4096];
    int total = 0;
    for (ssize_t n; (n = write(fd, page, sizeof page)) > 0;) total += n;
    return total;
}

int main(void) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK) == 0);
    show("default size", fcntl(p[1], F_GETPIPE_SZ));
    say("holds %d", fill(p[1]));
    show("one more", write(p[1], "x", 1));
    show("shrink while full", fcntl(p[1], F_SETPIPE_SZ, 4096));
    char buf[65536];
    show("read all", read(p[0], buf, sizeof buf));
    show("empty", read(p[0], buf, 1));
    show("shrink", fcntl(p[1], F_SETPIPE_SZ, 100));
    say("holds %d", fill(p[1]));
    show("grow", fcntl(p[0], F_SETPIPE_SZ, 9000));
    say("holds %d more", fill(p[1]));
    show("not a pipe", fcntl(open("/dev/null", O_RDONLY), F_GETPIPE_SZ));
    show("size 0", fcntl(p[0], F_SETPIPE_SZ, 0) > 0);
    show("negative", fcntl(p[0], F_SETPIPE_SZ, -1));
}
