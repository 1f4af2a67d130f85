// flock: shared and exclusive between open file descriptions, conversion, inheritance, release on the last close.
#include "../guest.h"
#include <sys/file.h>

int main(void) {
    put_file("f", "");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY), c = dup(a);
    show("a shared", flock(a, LOCK_SH | LOCK_NB));
    show("b shared", flock(b, LOCK_SH | LOCK_NB));
    show("a exclusive", flock(a, LOCK_EX | LOCK_NB));
    show("b unlock", flock(b, LOCK_UN));
    show("a exclusive", flock(a, LOCK_EX | LOCK_NB));
    show("b shared", flock(b, LOCK_SH | LOCK_NB));
    show("the copy is the same lock", flock(c, LOCK_EX | LOCK_NB));
    close(a);
    show("the copy holds it", flock(b, LOCK_EX | LOCK_NB));
    pid_t pid = fork();
    if (pid == 0) {
        int own = open("f", O_RDONLY);
        show("child's own", flock(own, LOCK_SH | LOCK_NB));
        show("inherited", flock(c, LOCK_EX | LOCK_NB));
        _exit(0);
    }
    reap("child", pid);
    show("still held after the child", flock(b, LOCK_EX | LOCK_NB));
    gate_t go;
    gate_init(&go);
    if ((pid = fork()) == 0) {
        close(c);
        gate_open(&go);
        _exit(flock(b, LOCK_EX) == 0 ? 5 : 6); // blocks
    }
    gate_wait(&go);
    settle(pid);
    show("blocked", waitpid(pid, NULL, WNOHANG));
    close(c);
    reap("got it", pid);
    show("bad operation", flock(b, 77));
    show("closed", flock(99, LOCK_SH));
}
