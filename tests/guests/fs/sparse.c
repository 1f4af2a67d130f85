// Sparse files: size against blocks, holes read as zeroes, truncate shrinks and grows with zeroes.
#include "../guest.h"

static void report(int fd, const char *what) {
    struct stat st;
    fstat(fd, &st);
    say("%s: size %lld, allocated less than 1 MiB %d", what, (long long)st.st_size, st.st_blocks < 2048);
}

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    char b[8];
    show("write far out", pwrite(fd, "end", 3, 1ll << 32));
    report(fd, "hole");
    show("read in the hole", pread(fd, b, 8, 1 << 30));
    say("zeroes %d", !b[0] && !b[7]);
    show("shrink", ftruncate(fd, 3));
    report(fd, "shrunk");
    MUST(pwrite(fd, "abcdefgh", 8, 0) == 8);
    ftruncate(fd, 3);
    ftruncate(fd, 8);
    MUST(pread(fd, b, 8, 0) == 8);
    say("%c%c%c then zero %d", b[0], b[1], b[2], !b[3] && !b[7]);
    show("grow", ftruncate(fd, 1ll << 40));
    report(fd, "grown");
    show("negative", ftruncate(fd, -1));
    show("read-only", ftruncate(open("f", O_RDONLY), 0));
    show("directory", truncate(".", 0));
    show("missing", truncate("m", 0));
    show("by name", truncate("f", 5));
    show("pipe", ftruncate(0, 1) == -1);
    report(fd, "end");
}
