// A tracer that ends, or is killed, lets its tracees go on; with PTRACE_O_EXITKILL they die with it.
#include "tracer.h"
#include <sys/prctl.h>

static gate_t up, down, told;

static void worker(void) {
    gate_open(&up);
    say(gate_wait(&down) ? "worker goes on" : "worker sees the end");
    _exit(7);
}

static void round_of(const char *what, long options, int stopped, int sig) {
    say("%s", what);
    pid_t pid = fork();
    if (pid == 0) {
        // Its tracer is no ancestor: where Yama asks for leave it has it.
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
        worker();
    }
    gate_wait(&up);
    pid_t tracer = fork();
    if (tracer == 0) {
        MUST(pt(PTRACE_SEIZE, pid, 0, options) == 0);
        if (stopped) {
            MUST(pt(PTRACE_INTERRUPT, pid, 0, 0) == 0);
            next(pid);
        }
        gate_open(&told);
        if (sig == 0) _exit(0);
        for (;;) pause();
    }
    gate_wait(&told);
    if (sig) kill(tracer, sig);
    reap("tracer", tracer);
    if (!(options & PTRACE_O_EXITKILL)) gate_open(&down);
    reap("worker", pid);
}

int main(void) {
    gate_init(&up);
    gate_init(&down);
    gate_init(&told);
    round_of("running, exits", 0, 0, 0);
    round_of("stopped, exits", 0, 1, 0);
    round_of("running, killed", 0, 0, SIGKILL);
    round_of("stopped, killed", 0, 1, SIGKILL);
    round_of("running, killed, EXITKILL", PTRACE_O_EXITKILL, 0, SIGKILL);
    round_of("stopped, exits, EXITKILL", PTRACE_O_EXITKILL, 1, 0);
    return 0;
}
