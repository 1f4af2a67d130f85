// The same hand-off between processes: anonymous shared memory, and a file mapped at two addresses.
#include "../guest.h"
#include <linux/futex.h>
#define ROUNDS 2000

static void play(volatile int *w, int me) {
    for (int i = 0; i < ROUNDS; i++) {
        int t;
        while ((t = w[0]) != me) syscall(SYS_futex, w, FUTEX_WAIT, t, NULL, NULL, 0);
        w[1] += me + 1;
        __atomic_store_n(&w[0], !me, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, w, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

int main(void) {
    int *anon = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        play(anon, 1);
        _exit(0);
    }
    play(anon, 0);
    reap("anonymous", pid);
    say("sum %d", anon[1]);
    int fd = open("words", O_RDWR | O_CREAT, 0600);
    MUST(ftruncate(fd, 4096) == 0);
    int *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    yes("two addresses", one != two);
    if ((pid = fork()) == 0) {
        play(two, 1);
        _exit(0);
    }
    play(one, 0);
    reap("file", pid);
    say("sum %d", two[1]);
}
