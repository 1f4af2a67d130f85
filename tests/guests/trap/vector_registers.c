// All vector, mask and x87 registers keep their values over thousands of calls of many kinds, with a timer's signals among them.
#include "../guest.h"
#include "vector.h"
#include <sys/time.h>

static volatile sig_atomic_t hits;
static void handler(int sig) {
    hits += sig == SIGALRM;
    vector_clobber();
}

int main(void) {
    vector_detect();
    signal(SIGALRM, handler);
    static const long calls[][4] = {{SYS_getppid, 0, 0, 0}, {SYS_sched_yield, 0, 0, 0}, {SYS_close, -1, 0, 0}, {SYS_access, (long)"/etc/passwd", 0, 0},
                                    {SYS_uname, 8, 0, 0}, {SYS_lseek, 1, 0, 9}, {999, 0, 0, 0}, {SYS_brk, 0, 0, 0}, {SYS_getuid, 0, 0, 0}, {SYS_umask, 022, 0, 0}};
    int bad = 0;
    for (int signals = 0; signals < 2; signals++) {
        if (signals) setitimer(ITIMER_REAL, &(struct itimerval){{0, 500}, {0, 500}}, NULL);
        for (int round = 0; round < 1000 || (signals && hits < 30 && round < 20000); round++) {
            const long *c = calls[round % 10];
            bad += vector_round(round, 3, c[0], c[1], c[2], c[3]);
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    say("wrong registers %d, signals came %d", bad, hits > 0);
}
