// exec closes descriptors marked close-on-exec and only those; offsets of the others are kept.
#include "../guest.h"
#include <sys/eventfd.h>

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            int fd = atoi(argv[i] + 1);
            say("%c: %s", argv[i][0], fcntl(fd, F_GETFD) == -1 ? "closed" : "open");
            char c;
            if (argv[i][0] == 'o' && read(fd, &c, 1) == 1) say("next byte %c", c);
        }
        return 0;
    }
    put_file("data", "abcdef");
    int fds[7] = {open("data", O_RDONLY), open("data", O_RDONLY | O_CLOEXEC)};
    char c;
    MUST(read(fds[0], &c, 1) == 1);
    MUST(pipe2(&fds[2], O_CLOEXEC) == 0);
    fds[4] = eventfd(0, EFD_CLOEXEC);
    fds[5] = fcntl(fds[0], F_DUPFD_CLOEXEC, 20);
    fds[6] = dup(fds[1]); // the copy does not carry the mark
    char text[7][8], *args[9] = {argv[0]};
    for (int i = 0; i < 7; i++) {
        snprintf(text[i], sizeof text[i], "%c%d", "ocppedk"[i], fds[i]);
        args[i + 1] = text[i];
    }
    execv("/proc/self/exe", args);
    show("execv", -1);
}
