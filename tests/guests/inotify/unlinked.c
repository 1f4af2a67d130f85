// A file that was unlinked still tells its directory's watch, unless that was not to hear of it; fdinfo shows the mask.
#include "../guest.h"
#include <sys/inotify.h>

static void events(const char *what, int fd) {
    char buf[512];
    long n = read(fd, buf, sizeof buf);
    say("%s: %ld", what, n > 0 ? n / 32 : -1);
}

int main(void) {
    for (int quiet = 0; quiet < 2; quiet++) {
        MUST(mkdir("dir", 0700) == 0);
        int fd = open("dir/f", O_CREAT | O_RDWR, 0600), in = inotify_init1(IN_NONBLOCK);
        MUST(fd >= 0 && in >= 0);
        unsigned mask = IN_MODIFY | (quiet ? IN_EXCL_UNLINK : 0), shown = 0;
        MUST(inotify_add_watch(in, "dir", mask) > 0);
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", in);
        FILE *info = fopen(path, "r");
        MUST(info != NULL);
        while (fgets(line, sizeof line, info)) sscanf(line, "inotify wd:%*x ino:%*x sdev:%*x mask:%x", &shown);
        fclose(info);
        yes("mask", shown == mask);
        MUST(write(fd, "1", 1) == 1);
        events("linked", in);
        MUST(unlink("dir/f") == 0 && write(fd, "2", 1) == 1);
        events("unlinked", in);
        close(fd);
        close(in);
        MUST(rmdir("dir") == 0);
    }
    return 0;
}
