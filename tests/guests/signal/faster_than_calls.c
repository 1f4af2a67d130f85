// Signals that come faster than calls are answered: all calls still end as they should, and handlers run one at a time.
#include "../guest.h"
#include <pthread.h>
#include <sys/time.h>

enum { MANY = 10 };
static volatile int handled, depth, deepest;
static void handler(int sig) {
    (void)sig;
    if (++depth > deepest) deepest = depth;
    handled++;
    depth--;
}
static void every(int us) {
    struct itimerval t = {{0, us}, {0, us}};
    MUST(setitimer(ITIMER_REAL, &t, NULL) == 0);
}

static int gate[2];
static void *writes(void *arg) {
    (void)arg;
    while (handled < MANY) sched_yield();
    MUST(write(gate[1], "x", 1) == 1);
    return NULL;
}

int main(void) {
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigset_t alarm, none;
    sigemptyset(&none);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigaction(SIGALRM, &act, NULL);
    sigaction(SIGUSR1, &act, NULL);

    pid_t parent = getppid();
    int wrong = 0;
    every(100);
    while (handled < MANY) wrong += getppid() != parent;
    yes("short calls", wrong == 0);

    sigprocmask(SIG_BLOCK, &alarm, NULL);
    handled = 0;
    while (handled < MANY) wrong += !(sigsuspend(&none) == -1 && errno == EINTR);
    yes("calls that end with the signal", wrong == 0);

    // The other thread has it blocked.
    pthread_t t;
    char c = 0;
    handled = 0;
    MUST(pipe(gate) == 0 && pthread_create(&t, NULL, writes, NULL) == 0);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
    show("a call that is made again", read(gate[0], &c, 1));
    every(0);
    pthread_join(t, NULL);

    handled = 0;
    pid_t me = getpid(), child = fork();
    if (child == 0)
        for (;;) kill(me, SIGUSR1);
    while (handled < MANY) wrong += getppid() != parent;
    yes("another's signals", wrong == 0);
    kill(child, SIGKILL);
    int status;
    while (waitpid(child, &status, 0) != child) wrong++;
    yes("it was killed", WIFSIGNALED(status) && wrong == 0);
    show("deepest", deepest);
    return 0;
}
