// sched_setattr, ioprio and kcmp: what is remembered, what is inherited, what is refused.
#include "../guest.h"

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t more[4];
};

static int get(struct attr *a, unsigned size) { return syscall(SYS_sched_getattr, 0, a, size, 0); }

int main(void) {
    struct attr a = {0};
    show("get", get(&a, 48));
    say("size %u, policy %u, flags %d, nice %d", a.size, a.policy, (int)a.flags, a.nice);
    a = (struct attr){.size = 48, .policy = SCHED_BATCH, .nice = 3, .flags = 1};
    show("set", syscall(SYS_sched_setattr, 0, &a, 0));
    memset(&a, 0, sizeof a);
    get(&a, 48);
    say("size %u, policy %u, flags %d, nice %d", a.size, a.policy, (int)a.flags, a.nice);
    show("old call", sched_getscheduler(0));
    show("too small", get(&a, 40));
    show("flags", syscall(SYS_sched_getattr, 0, &a, 48, 1));
    show("no such process", syscall(SYS_sched_getattr, 0x3fffff, &a, 48, 0));
    a = (struct attr){.size = 72, .policy = SCHED_BATCH, .more = {0, 0, 1}};
    show("more than is known", syscall(SYS_sched_setattr, 0, &a, 0));
    a = (struct attr){.size = 48, .policy = 77};
    show("no such policy", syscall(SYS_sched_setattr, 0, &a, 0));
    a = (struct attr){.size = 48, .policy = SCHED_OTHER, .priority = 5};
    show("a priority", syscall(SYS_sched_setattr, 0, &a, 0));
    show("NULL", syscall(SYS_sched_setattr, 0, NULL, 0));

    show("ioprio", syscall(SYS_ioprio_get, 1, 0));
    show("idle", syscall(SYS_ioprio_set, 1, 0, 3 << 13));
    say("%lx", syscall(SYS_ioprio_get, 1, 0));
    show("best effort", syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6));
    pid_t pid = fork();
    if (pid == 0) {
        say("inherited %lx", syscall(SYS_ioprio_get, 1, 0));
        show("the same files", syscall(SYS_kcmp, getpid(), getppid(), 0, 1, 1));
        yes("not the same memory", syscall(SYS_kcmp, getpid(), getppid(), 1, 0, 0) > 0);
        _exit(0);
    }
    reap("child", pid);
    show("class", syscall(SYS_ioprio_set, 1, 0, 5 << 13));
    show("none with a level", syscall(SYS_ioprio_set, 1, 0, 4));
    show("which", syscall(SYS_ioprio_set, 4, 0, 2 << 13));
    show("no such", syscall(SYS_ioprio_get, 1, 0x3fffff));
    show("kcmp itself", syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0));
    show("kcmp kind", syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
    show("kcmp closed", syscall(SYS_kcmp, getpid(), getpid(), 0, 99, 0));
}
