// CLONE_PARENT_SETTID, CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID: who writes which word, and the wake.
#include "../guest.h"
#include <linux/futex.h>

static int ptid, *ctid;
static int child(void *arg) {
    (void)arg;
    return (*ctid == getpid()) + 2 * (ptid == getpid());
}

int main(void) {
    static char stack[65536] __attribute__((aligned(16)));
    ctid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(ctid != MAP_FAILED);
    pid_t pid = clone(child, stack + sizeof stack, SIGCHLD | CLONE_CHILD_SETTID, NULL, &ptid, NULL, ctid);
    reap("CHILD_SETTID", pid);
    say("parent word zero: %d, child word is the pid: %d", ptid == 0, *ctid == pid);

    *ctid = ptid = 0;
    pid = clone(child, stack + sizeof stack, SIGCHLD | CLONE_PARENT_SETTID, NULL, &ptid, NULL, ctid);
    yes("PARENT_SETTID wrote the parent's word", ptid == pid);
    reap("PARENT_SETTID", pid);
    say("child word %d", *ctid);

    *ctid = ptid = 0;
    pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, NULL,
                &ptid, NULL, ctid);
    int seen;
    while ((seen = __atomic_load_n(ctid, __ATOMIC_SEQ_CST)) != 0) syscall(SYS_futex, ctid, FUTEX_WAIT, seen, NULL, NULL, 0);
    say("CLEARTID word is %d", *ctid);
    reap("all three", pid);

    pid = clone(child, stack + sizeof stack, SIGCHLD | CLONE_PARENT_SETTID, NULL, (int *)8, NULL, ctid);
    yes("a bad parent word does not fail the call", pid > 0);
    waitpid(pid, NULL, 0);
}
