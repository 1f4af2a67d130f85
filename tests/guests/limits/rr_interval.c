// How long a thread runs at a time, by policy, and what is refused.
#include "../guest.h"

static void look(const char *what) {
    struct timespec t = {-1, -1};
    show(what, sched_rr_get_interval(0, &t));
    say("%ld.%09ld", (long)t.tv_sec, t.tv_nsec);
}

int main(void) {
    int policies[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};
    struct sched_param none = {0};
    struct timespec t;
    for (int i = 0; i < 3; i++) {
        show("policy", sched_setscheduler(0, policies[i], &none));
        look("interval");
    }
    pid_t child = fork();
    if (child == 0) for (;;) pause();
    show("of a child", sched_rr_get_interval(child, &t));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    show("of nobody", sched_rr_get_interval(child, &t));
    show("of no number", sched_rr_get_interval(-1, &t));
    show("to nowhere", sched_rr_get_interval(0, NULL));
    return 0;
}
