// A vfork child whose exec fails reports through shared memory and exits; also many vforks in a row.
#include "../guest.h"

int main(void) {
    volatile int why = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        execl("./missing", "missing", (char *)NULL);
        why = errno;
        _exit(127);
    }
    say("child's errno: %s", errname(why));
    reap("child", pid);
    static volatile int count, good, i;
    for (i = 0; i < 100; i++) {
        pid = vfork();
        if (pid == 0) {
            count++;
            _exit(i);
        }
        int st;
        good += waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == i;
    }
    say("%d vforks, %d seen in memory", good, count);
}
