// brk: growing, zeroed new pages, shrinking and growing again, refusing below the start, fork and many steps.
#include "../guest.h"

static char *raw_brk(void *p) { return (char *)syscall(SYS_brk, p); }

int main(void) {
    char *start = raw_brk(NULL);
    yes("a query changes nothing", raw_brk(NULL) == start);
    yes("grow", raw_brk(start + 3 * 4096 + 100) == start + 3 * 4096 + 100);
    int sum = 0;
    for (int i = 0; i < 3 * 4096 + 100; i++) sum |= start[i];
    say("zeroed %d", sum == 0);
    memset(start, 'x', 3 * 4096);
    yes("shrink", raw_brk(start + 4096) == start + 4096);
    yes("grow again", raw_brk(start + 3 * 4096) == start + 3 * 4096);
    say("kept %c, page behind zeroed %d", start[100], start[2 * 4096 + 100] == 0);
    yes("below the start is refused", raw_brk((void *)0x1000) == start + 3 * 4096);
    yes("far above is refused", raw_brk((void *)0x7fffffffe000) == start + 3 * 4096);
    pid_t pid = fork();
    if (pid == 0) {
        yes("child has the same brk", raw_brk(NULL) == start + 3 * 4096);
        yes("child grows", raw_brk(start + (1 << 20)) == start + (1 << 20));
        _exit(start[100] == 'x');
    }
    reap("child", pid);
    yes("ours is unchanged", raw_brk(NULL) == start + 3 * 4096);
    for (int i = 1; i <= 256; i++) MUST(raw_brk(start + i * 16384) == start + i * 16384);
    start[256 * 16384 - 1] = 1;
    setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 20, RLIM_INFINITY});
    char *now = raw_brk(NULL);
    yes("RLIMIT_DATA stops it", raw_brk(now + (8 << 20)) == now);
    raw_brk(start);
}
