// A signal ends a blocked wait with EINTR, or lets it restart with SA_RESTART.
#include "../guest.h"

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

static void run(const char *what, int flags) {
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGUSR1, &sa, NULL);
    hits = 0;
    gate_t go;
    gate_init(&go);
    pid_t parent = getpid();
    pid_t quiet = fork();
    if (quiet == 0) {
        gate_wait(&go);
        _exit(2);
    }
    pid_t bell = fork();
    if (bell == 0) {
        settle(parent);
        kill(parent, SIGUSR1);
        if (flags & SA_RESTART) { // otherwise the parent's EINTR decides when to go on
            sleep_ms(20);
            gate_open(&go);
        }
        _exit(0);
    }
    int st = 0;
    pid_t rc = waitpid(quiet, &st, 0);
    show(what, rc == quiet ? 0 : rc);
    say("hits %d", (int)hits);
    if (rc == quiet)
        show_status("quiet", st);
    else {
        gate_open(&go);
        reap("quiet", quiet);
    }
    reap("bell", bell);
}

int main(void) {
    run("without SA_RESTART", 0);
    run("with SA_RESTART", SA_RESTART);
}
