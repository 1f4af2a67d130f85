// What survives an exec besides signals: ids, group, session, cwd, umask, limits, timers, nice, dumpable name.
#include "../guest.h"
#include <sys/prctl.h>
#include <sys/time.h>

int main(int argc, char **argv) {
    if (argc > 1) {
        char cwd[256], name[17] = {0};
        struct itimerval it;
        struct rlimit lim;
        yes("same pid", getpid() == atoi(argv[1]));
        yes("same parent", getppid() == atoi(argv[2]));
        yes("leads its session still", getsid(0) == getpid());
        MUST(getcwd(cwd, sizeof cwd));
        say("cwd ends in %s", strrchr(cwd, '/'));
        say("umask %03o", umask(0));
        getrlimit(RLIMIT_NOFILE, &lim);
        say("limit %d", (int)lim.rlim_cur);
        getitimer(ITIMER_REAL, &it);
        say("timer runs %d", it.it_value.tv_sec > 90);
        prctl(PR_GET_NAME, name);
        say("name %s", name);
        say("no new privileges %d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        return 3;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        char a[16], b[16];
        snprintf(a, sizeof a, "%d", getpid());
        snprintf(b, sizeof b, "%d", parent);
        setsid();
        MUST(mkdir("place", 0755) == 0 && chdir("place") == 0);
        umask(031);
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){77, 99});
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {100, 0}}, NULL);
        prctl(PR_SET_NAME, "before");
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        MUST(symlink("/proc/self/exe", "a_rather_long_program_name") == 0);
        execl("./a_rather_long_program_name", "x", a, b, (char *)NULL);
        _exit(99);
    }
    reap("child", pid);
}
