// RLIMIT_NOFILE: EMFILE when full, EBADF for numbers above, open ones above the limit stay open.
#include "../guest.h"

int main(void) {
    for (int i = 3; i < 64; i++) close(i);
    MUST(dup2(0, 30) == 30);
    struct rlimit lim = {10, 20};
    show("setrlimit", setrlimit(RLIMIT_NOFILE, &lim));
    int n = 0;
    while (dup(0) >= 0) n++;
    say("%d more, then %s", n, errname(errno));
    int p[2];
    show("pipe", pipe(p));
    show("open", open("/dev/null", O_RDONLY));
    show("dup2 to 9", dup2(0, 9));
    show("dup2 to 10", dup2(0, 10));
    show("F_DUPFD from 10", fcntl(0, F_DUPFD, 10));
    show("30 is still open", fcntl(30, F_GETFD));
    close(9);
    show("pipe needs two", pipe(p));
    show("open needs one", open("/dev/null", O_RDONLY));
    lim.rlim_cur = 20;
    show("raise", setrlimit(RLIMIT_NOFILE, &lim));
    show("open", open("/dev/null", O_RDONLY));
    lim.rlim_cur = 21;
    show("soft above hard", setrlimit(RLIMIT_NOFILE, &lim));
}
