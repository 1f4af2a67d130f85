// A zombie still has its pid, can be signalled without effect, shows state Z and an empty command line.
#include "../guest.h"

int main(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(66);
    siginfo_t si;
    MUST(waitid(P_PID, pid, &si, WEXITED | WNOWAIT) == 0);
    show("kill 0", kill(pid, 0));
    show("SIGKILL", kill(pid, SIGKILL));
    show("SIGSTOP", kill(pid, SIGSTOP));
    yes("getpgid still answers", getpgid(pid) == getpgrp());
    yes("getsid still answers", getsid(pid) == getsid(0));
    char path[32], buf[64];
    snprintf(path, sizeof path, "%d", pid);
    say("state %c", proc_state(path));
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = open(path, O_RDONLY);
    show("cmdline bytes", read(fd, buf, sizeof buf));
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    show("exe link", readlink(path, buf, sizeof buf));
    reap("status is the first one", pid);
    show("kill 0 after the wait", kill(pid, 0));
    show("read of the old cmdline", read(fd, buf, sizeof buf));
    snprintf(path, sizeof path, "/proc/%d", pid);
    show("its directory", access(path, F_OK));
}
