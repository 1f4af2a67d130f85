// waitpid(-pgid), waitpid(0) and waitid(P_PGID): only children of that group count.
#include "../guest.h"

static pid_t child(int code, pid_t group) {
    pid_t pid = fork();
    if (pid == 0) {
        if (group >= 0) setpgid(0, group);
        _exit(code);
    }
    if (group >= 0) setpgid(pid, group ? group : pid);
    return pid;
}

int main(void) {
    gate_t hold;
    gate_init(&hold);
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        gate_wait(&hold);
        _exit(1);
    }
    setpgid(leader, leader);
    pid_t in = child(2, leader), out = child(3, -1);
    int st;
    yes("waitpid(-group) takes the member", waitpid(-leader, &st, 0) == in);
    show_status("member", st);
    show("no other of the group has ended", waitpid(-leader, &st, WNOHANG));
    yes("waitpid(0) takes the one of our own group", waitpid(0, &st, 0) == out);
    show_status("own", st);
    show("nobody left in our group", waitpid(0, &st, WNOHANG));
    gate_open(&hold);
    siginfo_t si = {0};
    show("waitid(P_PGID)", waitid(P_PGID, leader, &si, WEXITED));
    yes("it is the leader", si.si_pid == leader && si.si_status == 1);
    show("waitid(P_PGID) again", waitid(P_PGID, leader, &si, WEXITED));
    out = child(4, -1);
    show("waitid(P_PGID, 0) is our group", waitid(P_PGID, 0, &si, WEXITED));
    yes("right child", si.si_pid == out && si.si_status == 4);
}
