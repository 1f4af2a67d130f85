// Two processes that wait for each other's record lock: one of them is told EDEADLK.
#include "../guest.h"

static int lock(int fd, int cmd, off_t start) {
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = 1};
    return fcntl(fd, cmd, &l);
}

int main(void) {
    put_file("f", "xx");
    int fd = open("f", O_RDWR);
    gate_t ready;
    gate_init(&ready);
    show("ours", lock(fd, F_SETLK, 0));
    pid_t pid = fork();
    if (pid == 0) {
        MUST(lock(fd, F_SETLK, 1) == 0);
        gate_open(&ready);
        int rc = lock(fd, F_SETLKW, 0), err = errno; // either side may close the circle
        _exit(rc == 0 ? 1 : err == EDEADLK ? 2 : 3);
    }
    gate_wait(&ready);
    settle(pid);
    int rc = lock(fd, F_SETLKW, 1), err = errno, st;
    int ours = rc == -1 && err == EDEADLK;
    if (ours) close(fd); // lets the child go on
    MUST(waitpid(pid, &st, 0) == pid);
    yes("exactly one was refused", ours + (WEXITSTATUS(st) == 2) == 1);
    yes("the other got its lock", (rc == 0) + (WEXITSTATUS(st) == 1) == 1);
}
