// The usual devices: null, zero, full, random, urandom, and what they say about themselves.
#include "../guest.h"

int main(void) {
    char b[64];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR), rnd = open("/dev/urandom", O_RDONLY);
    show("null read", read(null, b, 8));
    show("null write", write(null, b, 64));
    memset(b, 1, sizeof b);
    show("zero read", read(zero, b, 64));
    int sum = 0;
    for (int i = 0; i < 64; i++) sum |= b[i];
    say("all zero %d", sum == 0);
    show("zero write", write(zero, b, 64));
    show("full write", write(full, b, 1));
    show("full read", read(full, b, 4));
    show("urandom read", read(rnd, b, 64));
    for (int i = 0; i < 64; i++) sum |= b[i];
    yes("not all zero", sum != 0);
    show("random read", read(open("/dev/random", O_RDONLY), b, 16));
    show("null seek", lseek(null, 100, SEEK_SET));
    show("null truncate on open", open("/dev/null", O_WRONLY | O_TRUNC) >= 0);
    show("ftruncate", ftruncate(null, 0));
    static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
    for (int i = 0; i < 5; i++) {
        struct stat st;
        stat(names[i], &st);
        say("%s: character device %d, %d:%d", names[i], S_ISCHR(st.st_mode), (int)(st.st_rdev >> 8), (int)(st.st_rdev & 0xff));
    }
    show("isatty", isatty(null));
    char link[64] = {0};
    MUST(readlink("/dev/fd", link, 63) > 0);
    say("/dev/fd is %s", link);
}
