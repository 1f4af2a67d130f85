// utimensat: exact times, NOW, OMIT, links, descriptors, errors.
#include "../guest.h"
#include <sys/time.h>

static void times_of(const char *what, const char *path) {
    struct stat st;
    MUST(lstat(path, &st) == 0);
    say("%s: atime %lld.%09ld mtime %lld.%09ld", what, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int main(void) {
    put_file("f", "");
    MUST(symlink("f", "l") == 0);
    struct timespec t[2] = {{1000, 123456789}, {2000, 987654321}};
    show("both", utimensat(AT_FDCWD, "f", t, 0));
    times_of("f", "f");
    t[0].tv_nsec = UTIME_OMIT;
    t[1] = (struct timespec){3000, 5};
    show("omit atime", utimensat(AT_FDCWD, "f", t, 0));
    times_of("f", "f");
    t[0] = (struct timespec){10, 0};
    t[1] = (struct timespec){20, 0};
    show("the link itself", utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
    times_of("l", "l");
    times_of("f", "f");
    int fd = open("f", O_RDONLY);
    t[0].tv_sec = 77;
    show("futimens", futimens(fd, t));
    times_of("f", "f");
    t[0].tv_nsec = UTIME_OMIT, t[1].tv_nsec = UTIME_NOW;
    show("mtime now", utimensat(AT_FDCWD, "f", t, 0));
    struct stat st;
    stat("f", &st);
    yes("recent", st.st_mtim.tv_sec > time(NULL) - 100 && st.st_atim.tv_sec == 77);
    show("NULL is now", utimensat(AT_FDCWD, "f", NULL, 0));
    stat("f", &st);
    yes("recent", st.st_atim.tv_sec > time(NULL) - 100);
    struct timeval tv[2] = {{5, 6}, {7, 8}};
    show("utimes", utimes("f", tv));
    times_of("f", "f");
    t[0].tv_nsec = 1000000000;
    t[1].tv_nsec = 0;
    show("bad nanoseconds", utimensat(AT_FDCWD, "f", t, 0));
    show("missing", utimensat(AT_FDCWD, "m", NULL, 0));
    show("bad flag", utimensat(AT_FDCWD, "f", NULL, 1));
    t[0] = (struct timespec){-5, 1};
    t[1] = (struct timespec){-1, 999999999};
    show("before 1970", utimensat(AT_FDCWD, "f", t, 0));
    times_of("f", "f");
}
