// A deleted file lives until its last descriptor and mapping are gone; its name is free at once.
#include "../guest.h"

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    MUST(write(fd, "old content", 11) == 11);
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    show("unlink", unlink("f"));
    show("stat by name", access("f", F_OK));
    put_file("f", "new");
    show("write", pwrite(fd, "OLD", 3, 0));
    say("mapping %.11s", map);
    show_file("f");
    char path[40], b[300] = {0};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    MUST(readlink(path, b, sizeof b - 1) > 0);
    yes("/proc says deleted", strstr(b, "/f (deleted)") != NULL);
    int again = open(path, O_RDONLY);
    memset(b, 0, sizeof b);
    show("opened again through /proc", read(again, b, 11));
    say("%s", b);
    close(fd);
    close(again);
    say("mapping after close %.11s", map);
    pid_t pid = fork();
    if (pid == 0) _exit(map[0] == 'O' ? 3 : 4);
    reap("child sees it too", pid);
}
