// Process 1 is there and belongs to root; /proc/PID is good for pidfd_send_signal.
#include "../guest.h"
#include <sys/pidfd.h>

int main(void) {
    char line[64] = "";
    int fd = open("/proc/1/stat", O_RDONLY);
    MUST(fd >= 0 && read(fd, line, sizeof line - 1) > 2);
    yes("stat begins with 1", !strncmp(line, "1 (", 3));
    int self = open("/proc/self", O_DIRECTORY), file = open("file", O_CREAT | O_RDWR, 0600);
    MUST(self >= 0 && file >= 0);
    sigset_t usr;
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    MUST(sigprocmask(SIG_BLOCK, &usr, NULL) == 0);
    show("to myself", syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0));
    int sig = 0;
    MUST(sigwait(&usr, &sig) == 0);
    yes("arrived", sig == SIGUSR1);
    show("to a file", syscall(SYS_pidfd_send_signal, file, SIGUSR1, NULL, 0));
    int one = open("/proc/1", O_DIRECTORY);
    pid_t pid = fork();
    if (pid == 0) {
        MUST(setgid(65534) == 0 || getuid() != 0);
        MUST(setuid(65534) == 0 || getuid() != 0);
        show("to process 1", kill(1, 0));
        show("by its directory", syscall(SYS_pidfd_send_signal, one, SIGUSR1, NULL, 0));
        _exit(0);
    }
    reap("child", pid);
    return 0;
}
