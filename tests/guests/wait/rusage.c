// wait4 and getrusage(RUSAGE_CHILDREN): a child's use of the processor is charged to the waiting parent.
#include "../guest.h"
#include <sys/times.h>

static long usec(struct timeval t) { return t.tv_sec * 1000000 + t.tv_usec; }

int main(void) {
    struct rusage before, ru, after;
    getrusage(RUSAGE_CHILDREN, &before);
    say("nothing before: %ld", usec(before.ru_utime));
    pid_t pid = fork();
    if (pid == 0) {
        for (long end = now_ms() + 10000; now_ms() < end;) { // burn 30 ms of processor time
            struct rusage own;
            getrusage(RUSAGE_SELF, &own);
            if (usec(own.ru_utime) + usec(own.ru_stime) > 30000) break;
        }
        _exit(0);
    }
    int st;
    memset(&ru, 0xff, sizeof ru);
    yes("wait4", wait4(pid, &st, 0, &ru) == pid);
    long used = usec(ru.ru_utime) + usec(ru.ru_stime);
    yes("child's time is about right", used >= 29000 && used < 5000000);
    yes("it had memory", ru.ru_maxrss > 0);
    getrusage(RUSAGE_CHILDREN, &after);
    yes("charged to us", usec(after.ru_utime) + usec(after.ru_stime) >= used - 1000);
    struct tms t;
    times(&t);
    yes("times agrees", t.tms_cutime + t.tms_cstime >= 1);
    show("getrusage(7)", getrusage(7, &ru));
    show("WNOHANG leaves rusage", wait4(-1, &st, WNOHANG, &ru));
}
