// Root becomes somebody else: saved ids, what may be set back, groups, signals between users, dumpable.
#include "../guest.h"
#include <grp.h>
#include <sys/prctl.h>

static void ids(const char *what) {
    uid_t r, e, s;
    gid_t gr, ge, gs;
    getresuid(&r, &e, &s), getresgid(&gr, &ge, &gs);
    say("%s: uid %u %u %u, gid %u %u %u", what, r, e, s, gr, ge, gs);
}

int main(void) {
    if (geteuid() != 0) return 0; // both runs are by the same user
    pid_t pid = fork();
    if (pid == 0) {
        gid_t groups[3] = {50, 40, 60}, got[8];
        show("setgroups", setgroups(3, groups));
        show("getgroups", getgroups(8, got));
        say("%u %u %u", got[0], got[1], got[2]);
        show("setresgid", setresgid(10, 20, 30));
        show("seteuid 1000", seteuid(1000));
        ids("effective dropped");
        show("setgroups without privilege", setgroups(0, NULL));
        show("back to root", seteuid(0));
        show("setreuid 5 6", setreuid(5, 6));
        ids("setreuid");
        show("back to root", seteuid(0));
        show("swap", setreuid(6, 5));
        ids("swapped");
        show("somebody else", setuid(7));
        show("the saved one", setuid(6));
        ids("end");
        show("setgid among ours", setgid(20));
        show("setgid to another", setgid(99));
        show("nice down", setpriority(PRIO_PROCESS, 0, -5));
        show("kill of the parent", kill(getppid(), 0));
        show("limit raised", setrlimit(RLIMIT_CORE, &(struct rlimit){0, RLIM_INFINITY}));
        _exit(0);
    }
    reap("one", pid);
    if ((pid = fork()) == 0) {
        say("dumpable %d", prctl(PR_GET_DUMPABLE));
        show("setuid", setuid(1000));
        ids("setuid by root sets all");
        show("no way back", setuid(0));
        show("nor here", setresuid(-1, 0, -1));
        show("chown", chown(".", 1000, -1));
        show("sethostname", sethostname("x", 1));
        _exit(0);
    }
    reap("two", pid);
}
