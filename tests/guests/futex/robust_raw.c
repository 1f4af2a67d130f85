// set_robust_list and get_robust_list, and what the kernel writes into a dead owner's word.
#include "../guest.h"
#include <linux/futex.h>
#include <stddef.h>

struct node {
    struct robust_list list;
    unsigned word;
};

int main(void) {
    struct robust_list_head head, *got = NULL;
    size_t len = 0;
    show("wrong size", syscall(SYS_set_robust_list, &head, sizeof head - 1));
    show("get own", syscall(SYS_get_robust_list, 0, &got, &len));
    yes("the C library has set one", got != NULL && len == sizeof head);
    show("get of nobody", syscall(SYS_get_robust_list, 0x3fffff, &got, &len));
    struct node *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    n[0].word = n[1].word = 0;
    pid_t pid = fork();
    if (pid == 0) {
        static struct robust_list_head mine;
        mine.list.next = &n[0].list;
        n[0].list.next = &n[1].list;
        n[1].list.next = &mine.list;
        mine.futex_offset = offsetof(struct node, word);
        n[0].word = getpid() | FUTEX_WAITERS;
        n[1].word = 1; // somebody else's: must stay
        show("set", syscall(SYS_set_robust_list, &mine, sizeof mine));
        _exit(0);
    }
    reap("owner", pid);
    say("owner died bit %d, waiters bit %d, owner %d", !!(n[0].word & FUTEX_OWNER_DIED), !!(n[0].word & FUTEX_WAITERS), n[0].word & FUTEX_TID_MASK);
    say("the other's word %u", n[1].word);
}
