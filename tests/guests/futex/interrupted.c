// A futex wait ends with EINTR after a handler without SA_RESTART, and with a timeout whatever its flags.
#include "../guest.h"
#include <linux/futex.h>
#include <sys/time.h>

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGALRM; }

int main(void) {
    static int w;
    struct sigaction sa = {.sa_handler = handler};
    sigaction(SIGALRM, &sa, NULL);
    struct itimerval it = {{0, 5000}, {0, 5000}};
    setitimer(ITIMER_REAL, &it, NULL);
    show("no timeout", syscall(SYS_futex, &w, FUTEX_WAIT, 0, NULL, NULL, 0));
    sa.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &sa, NULL);
    struct timespec t = {20, 0};
    show("with a timeout SA_RESTART does not help", syscall(SYS_futex, &w, FUTEX_WAIT, 0, &t, NULL, 0));
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    yes("handlers ran", hits >= 2);
    t = (struct timespec){0, 50000000};
    show("plain timeout", syscall(SYS_futex, &w, FUTEX_WAIT, 0, &t, NULL, 0));
}
