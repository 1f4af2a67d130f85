// dup, dup2, dup3 and F_DUPFD: numbers, shared offset, close-on-exec of the copy, errors.
#include "../guest.h"

int main(void) {
    put_file("f", "abcdefgh");
    int fd = open("f", O_RDONLY), low = dup(fd);
    char c;
    MUST(read(fd, &c, 1) == 1 && read(low, &c, 1) == 1);
    say("second byte through the copy %c", c);
    yes("offset is one", lseek(fd, 0, SEEK_CUR) == lseek(low, 0, SEEK_CUR));
    show("dup2 to 100", dup2(fd, 100));
    show("dup2 to itself", dup2(100, 100) == 100);
    show("dup3 to itself", dup3(100, 100, 0));
    show("dup3 close-on-exec", dup3(fd, 101, O_CLOEXEC));
    show("its flag", fcntl(101, F_GETFD));
    show("dup of it", fcntl(dup(101), F_GETFD));
    show("dup3 bad flag", dup3(fd, 102, O_NONBLOCK));
    show("dup of a closed one", dup(99));
    show("dup2 of a closed one", dup2(99, 100));
    show("the target stays", fcntl(100, F_GETFD));
    show("dup2 of a closed one to itself", dup2(99, 99));
    show("dup2 to -1", dup2(fd, -1));
    show("dup2 to a huge one", dup2(fd, 1 << 30));
    show("F_DUPFD from 200", fcntl(fd, F_DUPFD, 200));
    show("F_DUPFD again", fcntl(fd, F_DUPFD, 200));
    show("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 200));
    show("its flag", fcntl(202, F_GETFD));
    show("F_DUPFD negative", fcntl(fd, F_DUPFD, -1));
    close(fd);
    show("copies live on", read(low, &c, 1));
    show("close", close(low));
    show("close again", close(low));
    show("close -1", close(-1));
}
