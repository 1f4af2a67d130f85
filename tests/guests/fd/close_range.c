// close_range: closes, marks, unshares; errors.
#include "../guest.h"

static void state(const char *what) {
    char s[8] = {0};
    for (int i = 0; i < 6; i++) {
        int f = fcntl(50 + i, F_GETFD);
        s[i] = f == -1 ? '-' : f ? 'c' : 'o';
    }
    say("%s: %s", what, s);
}

int main(void) {
    for (int i = 0; i < 6; i++) MUST(dup2(0, 50 + i) == 50 + i);
    state("start");
    show("close 51-52", syscall(SYS_close_range, 51, 52, 0));
    state("now");
    show("mark 53-54", syscall(SYS_close_range, 53, 54, 4));
    state("now");
    show("empty range", syscall(SYS_close_range, 200, 300, 0));
    show("first above last", syscall(SYS_close_range, 54, 53, 0));
    show("unknown flag", syscall(SYS_close_range, 50, 60, 1));
    show("unshare", syscall(SYS_close_range, 55, ~0u, 2));
    state("now");
}
