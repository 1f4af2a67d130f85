// fcntl record locks between processes: conflicts, F_GETLK, splitting, release on any close and on exit, blocking.
#include "../guest.h"

static int lock(int fd, int cmd, int type, off_t start, off_t len) {
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    return fcntl(fd, cmd, &l);
}

int main(void) {
    put_file("f", "0123456789");
    int fd = open("f", O_RDWR);
    gate_t go, back;
    gate_init(&go);
    gate_init(&back);
    show("0-99", lock(fd, F_SETLK, F_WRLCK, 0, 100));
    show("unlock the middle", lock(fd, F_SETLK, F_UNLCK, 40, 20));
    show("50-54 shared", lock(fd, F_SETLK, F_RDLCK, 50, 5));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        int mine = open("f", O_RDWR);
        show("write 10", lock(mine, F_SETLK, F_WRLCK, 10, 1));
        show("write 45", lock(mine, F_SETLK, F_WRLCK, 45, 1));
        show("read 52", lock(mine, F_SETLK, F_RDLCK, 52, 1));
        show("write 52", lock(mine, F_SETLK, F_WRLCK, 52, 1));
        show("to the end from 200", lock(mine, F_SETLK, F_WRLCK, 200, 0));
        struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 200};
        show("F_GETLK", fcntl(mine, F_GETLK, &l));
        say("type %d start %d length %d owner right %d", l.l_type == F_WRLCK, (int)l.l_start, (int)l.l_len, l.l_pid == parent);
        l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 35, .l_len = 2};
        show("F_GETLK of a free range", fcntl(mine, F_GETLK, &l));
        say("unlocked %d", l.l_type == F_UNLCK);
        gate_open(&back);
        gate_wait(&go);
        show("after the parent closed a copy", lock(mine, F_SETLK, F_WRLCK, 0, 40));
        gate_open(&back);
        pause();
        _exit(0);
    }
    gate_wait(&back);
    show("ours is refused at 300", lock(fd, F_SETLK, F_WRLCK, 300, 1));
    close(dup(fd)); // drops every lock of this process on the file
    gate_open(&go);
    gate_wait(&back);
    pid_t waiter = fork();
    if (waiter == 0) _exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 7 : 8);
    settle(waiter);
    show("waiter is blocked", waitpid(waiter, NULL, WNOHANG));
    kill(pid, SIGKILL);
    reap("holder", pid);
    reap("waiter", waiter);
    show("read-only descriptor, write lock", lock(open("f", O_RDONLY), F_SETLK, F_WRLCK, 0, 1));
    show("bad type", lock(fd, F_SETLK, 99, 0, 1));
    show("negative start", lock(fd, F_SETLK, F_RDLCK, -1, 1));
    show("closed", lock(99, F_SETLK, F_RDLCK, 0, 1));
}
