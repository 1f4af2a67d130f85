// A forked child shares open file descriptions: offset and status flags; a new open does not.
#include "../guest.h"

int main(void) {
    put_file("f", "0123456789");
    int fd = open("f", O_RDWR), other = open("f", O_RDONLY);
    pid_t pid = fork();
    if (pid == 0) {
        char b[4];
        MUST(read(fd, b, 4) == 4);
        MUST(write(fd, "XY", 2) == 2);
        fcntl(fd, F_SETFL, O_APPEND);
        _exit(0);
    }
    reap("child", pid);
    show("offset", lseek(fd, 0, SEEK_CUR));
    say("append %d", !!(fcntl(fd, F_GETFL) & O_APPEND));
    show("other open", lseek(other, 0, SEEK_CUR));
    MUST(write(fd, "end", 3) == 3);
    show("offset after appending", lseek(fd, 0, SEEK_CUR));
    show_file("f");
}
