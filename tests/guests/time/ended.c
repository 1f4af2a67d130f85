// The processor time of a process that has ended, until it is waited for.
#include "../guest.h"
#include <sys/wait.h>

static long long used(clockid_t clock) {
    struct timespec t;
    return clock_gettime(clock, &t) == 0 ? t.tv_sec * 1000000000ll + t.tv_nsec : -1;
}

// Fields 14 and 15 of its stat.
static long ticks(pid_t pid) {
    char name[64];
    unsigned long user, system;
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *f = fopen(name, "r");
    MUST(f && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2);
    fclose(f);
    return user + system;
}

int main(void) {
    enum { MS = 1000000 };
    pid_t child = fork();
    if (child == 0) {
        while (used(CLOCK_PROCESS_CPUTIME_ID) < 60 * MS) {}
        _exit(0);
    }
    clockid_t clock;
    siginfo_t info;
    MUST(clock_getcpuclockid(child, &clock) == 0);
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    long long before = used(clock);
    yes("as much as it used", before >= 60 * MS && before < 5000ll * MS);
    yes("it stays", used(clock) == before);
    yes("/proc agrees", ticks(child) >= 4);
    show("resolution", clock_getres(clock, NULL));
    MUST(waitpid(child, NULL, 0) == child);
    show("waited for", clock_gettime(clock, &(struct timespec){0}));
    show_err("its clock", clock_getcpuclockid(child, &clock));
    return 0;
}
