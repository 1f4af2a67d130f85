// PR_SET_CHILD_SUBREAPER: orphans come to the nearest marked ancestor, which can wait for them.
#include "../guest.h"
#include <sys/prctl.h>

int main(void) {
    int on = -1;
    show("GET before", prctl(PR_GET_CHILD_SUBREAPER, &on));
    say("value %d", on);
    show("SET", prctl(PR_SET_CHILD_SUBREAPER, 1));
    show("GET after", prctl(PR_GET_CHILD_SUBREAPER, &on));
    say("value %d", on);
    pid_t top = getpid();
    gate_t gone;
    gate_init(&gone);
    pid_t pid = fork();
    if (pid == 0) {
        int inherited = -1;
        prctl(PR_GET_CHILD_SUBREAPER, &inherited);
        say("inherited by fork: %d", inherited);
        if (fork() == 0) {
            gate_wait(&gone);
            yes("adopted by the subreaper", getppid() == top);
            _exit(21);
        }
        _exit(20);
    }
    reap("middle", pid);
    gate_open(&gone);
    int st;
    yes("wait gives another pid", wait(&st) > 0);
    show_status("orphan", st);
    show("wait", wait(NULL));
}
