// set_tid_address returns the caller's id, and the word is cleared and woken when the thread ends.
#include "../guest.h"
#include <linux/futex.h>

static int word;
static char stack[65536] __attribute__((aligned(16)));
static int thread(void *arg) {
    (void)arg;
    yes("returns the thread id", syscall(SYS_set_tid_address, &word) == syscall(SYS_gettid));
    syscall(SYS_exit, 0);
    return 0;
}

int main(void) {
    yes("returns our id", syscall(SYS_set_tid_address, &word) == getpid());
    word = 1234;
    int rc = clone(thread, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
    while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 1234) syscall(SYS_futex, &word, FUTEX_WAIT, 1234, NULL, NULL, 0);
    yes("thread made", rc > 0);
    say("word %d", word);
    show("wait does not see threads", waitpid(-1, NULL, __WALL));
}
