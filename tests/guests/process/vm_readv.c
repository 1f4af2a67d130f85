// process_vm_readv: another process's memory, several pieces on both sides, and refusals.
#include "../guest.h"
#include <sys/uio.h>

int main(void) {
    static char text[] = "hello, world", out[2][16];
    int gate[2];
    MUST(pipe(gate) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        memcpy(text, "HELLO", 5);
        MUST(write(gate[1], "x", 1) == 1);
        pause();
        _exit(0);
    }
    char c;
    MUST(read(gate[0], &c, 1) == 1);
    struct iovec local[2] = {{out[0], 3}, {out[1], 16}};
    struct iovec remote[2] = {{text, 7}, {text + 7, 6}};
    show("read", process_vm_readv(pid, local, 2, remote, 2, 0));
    say("%.3s|%s", out[0], out[1]);
    show("own", process_vm_readv(getpid(), local, 2, remote, 2, 0));
    say("%.3s|%s", out[0], out[1]);
    struct iovec bad = {(void *)16, 4};
    show("bad remote", process_vm_readv(pid, local, 2, &bad, 1, 0));
    show("bad local", process_vm_readv(pid, &bad, 1, remote, 2, 0));
    show("flags", process_vm_readv(pid, local, 2, remote, 2, 1));
    show("nobody", process_vm_readv(-1, local, 2, remote, 2, 0));
    show("no pieces", process_vm_readv(-1, local, 0, remote, 2, 0));
    MUST(kill(pid, SIGKILL) == 0);
    reap("child", pid);
    show("gone", process_vm_readv(pid, local, 2, remote, 2, 0));
    return 0;
}
