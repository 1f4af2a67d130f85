// A sleeping poll and select wake for data, for the end of writers, and for room to write.
#include "../guest.h"
#include <poll.h>
#include <sys/select.h>

int main(void) {
    for (int how = 0; how < 4; how++) {
        int p[2];
        static char big[65536];
        MUST(pipe(p) == 0);
        if (how == 2) MUST(write(p[1], big, sizeof big) == sizeof big);
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) {
            settle(parent);
            if (how == 0 || how == 3) MUST(write(p[1], "x", 1) == 1);
            if (how == 2) MUST(read(p[0], big, sizeof big) == sizeof big);
            if (how == 1) { // the parent has closed its writer: this is the last one
                close(p[1]);
            }
            _exit(0);
        }
        if (how == 1) close(p[1]);
        int rc;
        if (how == 3) {
            fd_set r;
            FD_ZERO(&r);
            FD_SET(p[0], &r);
            rc = select(p[0] + 1, &r, NULL, NULL, &(struct timeval){5, 0});
            say("select %d", rc);
        } else {
            struct pollfd pf = {p[how == 2], how == 2 ? POLLOUT : POLLIN, 0};
            rc = poll(&pf, 1, 5000);
            say("how %d: %d, events %#x", how, rc, pf.revents);
        }
        reap("child", pid);
    }
}
