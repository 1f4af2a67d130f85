// Open-file-description locks conflict within one process and survive the close of other descriptors.
#include "../guest.h"

static int lock(int fd, int type, off_t start) {
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 10};
    return fcntl(fd, F_OFD_SETLK, &l);
}

int main(void) {
    put_file("f", "");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    show("a", lock(a, F_WRLCK, 0));
    show("b overlaps", lock(b, F_WRLCK, 5));
    show("b beside", lock(b, F_WRLCK, 10));
    close(open("f", O_RDONLY));
    show("b after an unrelated close", lock(b, F_WRLCK, 5));
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 5};
    show("F_OFD_GETLK", fcntl(b, F_OFD_GETLK, &l));
    say("type %d start %d length %d pid %d", l.l_type, (int)l.l_start, (int)l.l_len, l.l_pid);
    l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 5, .l_pid = 1};
    show("pid must be 0", fcntl(b, F_OFD_SETLK, &l));
    l.l_pid = 0;
    show("classic lock conflicts too", fcntl(b, F_SETLK, &l));
    close(a);
    show("after closing a", lock(b, F_WRLCK, 0));
}
