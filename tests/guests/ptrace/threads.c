// Every thread is a tracee of its own: their stops and ends, exit_group, and a program executed by one that is not the first.
#include "tracer.h"
#include <pthread.h>

static gate_t hold, up, created;

static void *idle(void *arg) {
    if (arg) raise(SIGUSR1);
    gate_open(&up);
    gate_wait(&hold);
    return arg;
}

static void *executes(void *arg) {
    // The one that made it has told of that.
    gate_wait(&created);
    execl("/bin/sh", "sh", "-c", "exit 9", NULL);
    return arg;
}

static void body(void) {
    pthread_t t[3];
    for (long i = 0; i < 3; i++) pthread_create(&t[i], 0, idle, (void *)(long)(i == 1));
    for (int i = 0; i < 3; i++) gate_wait(&up);
    pthread_create(&t[0], 0, executes, 0);
    gate_open(&created);
    pthread_join(t[0], 0);
}

static void leaver(void) {
    pthread_t t;
    pthread_create(&t, 0, idle, 0);
    pthread_create(&t, 0, idle, 0);
    exit(11);
}

static int count(const int *list, int n, int what) {
    int c = 0;
    for (int i = 0; i < n; i++) c += list[i] == what;
    return c;
}

static void run(const char *what, void (*f)(void)) {
    say("%s", what);
    pid_t pid = tracee(f);
    int statuses[16], n = 0, events[8] = {0}, signals = 0, first_stops = 0;
    MUST(pt(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) == 0);
    MUST(pt(PTRACE_CONT, pid, 0, 0) == 0);
    for (;;) {
        int st;
        pid_t who = waitpid(-1, &st, __WALL);
        if (who == -1) break;
        if (!WIFSTOPPED(st)) {
            if (who == pid)
                show_stop("leader", st);
            else if (n < 16) statuses[n++] = st;
            continue;
        }
        int event = st >> 16, sig = 0;
        if (event && event < 8) {
            events[event]++;
            unsigned long m = 0;
            MUST(pt(PTRACE_GETEVENTMSG, who, 0, (unsigned long)&m) == 0);
            if (event == PTRACE_EVENT_EXEC) {
                yes("the leader's id", who == pid);
                yes("another before", (pid_t)m != pid);
            }
        } else if (WSTOPSIG(st) == SIGSTOP) {
            first_stops++;
        } else if (WSTOPSIG(st) == SIGUSR1) {
            signals++;
        } else {
            sig = WSTOPSIG(st);
        }
        // It may have died meanwhile.
        if (pt(PTRACE_CONT, who, 0, sig) == -1) MUST(errno == ESRCH);
    }
    say("clones %d, programs %d", events[PTRACE_EVENT_CLONE], events[PTRACE_EVENT_EXEC]);
    if (f == body) say("signals %d, ends %d, with 0 %d, first stops %d", signals, n, count(statuses, n, 0), first_stops);
}

int main(void) {
    gate_init(&hold);
    gate_init(&up);
    gate_init(&created);
    run("exec", body);
    run("exit", leaver);
    return 0;
}
