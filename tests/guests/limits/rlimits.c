// getrlimit, setrlimit, prlimit: values in and out, order of soft and hard, inheritance, errors.
#include "../guest.h"

int main(void) {
    struct rlimit l, old;
    for (int r = 0; r < 16; r++) MUST(getrlimit(r, &l) == 0 && l.rlim_cur <= l.rlim_max);
    show("get unknown", getrlimit(16, &l));
    show("set unknown", setrlimit(99, &l));
    l = (struct rlimit){5, 4};
    show("soft above hard", setrlimit(RLIMIT_NOFILE, &l));
    show("set", setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){4096, 8192}));
    show("prlimit", prlimit(0, RLIMIT_MEMLOCK, &(struct rlimit){100, 8192}, &old));
    say("old %d %d", (int)old.rlim_cur, (int)old.rlim_max);
    getrlimit(RLIMIT_MEMLOCK, &l);
    say("now %d %d", (int)l.rlim_cur, (int)l.rlim_max);
    gate_t go;
    gate_init(&go);
    pid_t pid = fork();
    if (pid == 0) {
        gate_wait(&go);
        getrlimit(RLIMIT_MEMLOCK, &l);
        say("child: %d %d", (int)l.rlim_cur, (int)l.rlim_max);
        _exit(0);
    }
    show("prlimit of the child", prlimit(pid, RLIMIT_MEMLOCK, &(struct rlimit){50, 60}, &old));
    say("old %d %d", (int)old.rlim_cur, (int)old.rlim_max);
    gate_open(&go);
    reap("child", pid);
    show("prlimit of nobody", prlimit(0x3fffff, RLIMIT_MEMLOCK, NULL, &old));
    show("prlimit unknown", prlimit(0, 99, NULL, &old));
    show("bad pointer", syscall(SYS_getrlimit, RLIMIT_CPU, (void *)8));
}
