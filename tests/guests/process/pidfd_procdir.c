// pidfd_send_signal also takes a directory /proc/PID, but no other descriptor, nor one of a thread's directory.
#include "../guest.h"

static long send(int fd, int sig) { return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0); }

int main(void) {
    gate_t go;
    gate_init(&go);
    pid_t pid = fork();
    if (pid == 0) {
        gate_wait(&go);
        _exit(0);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", pid);
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    show("probe", send(dir, 0));
    show("no such signal", send(dir, 99));
    int only_path = open(path, O_PATH);
    show("O_PATH", send(only_path, 0));
    snprintf(path, sizeof path, "/proc/%d/task/%d", pid, pid);
    int thread = open(path, O_RDONLY | O_DIRECTORY);
    show("a thread's", send(thread, 0));
    int inside = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    show("another directory", send(inside, 0));
    int file = open("/proc/self/status", O_RDONLY);
    show("a file", send(file, 0));
    show("SIGTERM", send(dir, SIGTERM));
    reap("child", pid);
    show("once it is reaped", send(dir, 0));
    return 0;
}
