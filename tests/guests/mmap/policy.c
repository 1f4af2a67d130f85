// Memory policies on node 0: of the task, of a mapping, and what is refused.
#include "../guest.h"
#include <linux/mempolicy.h>

static long get(int *mode, unsigned long *mask, void *addr, unsigned flags) {
    return syscall(SYS_get_mempolicy, mode, mask, 64UL, addr, flags);
}

int main(void) {
    int mode = -1;
    unsigned long mask = 0, node = 1, far = 1UL << 63;
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(p != MAP_FAILED);
    show("get", get(&mode, &mask, NULL, 0));
    say("mode %d, mask %lx", mode, mask);
    show("set", syscall(SYS_set_mempolicy, MPOL_BIND, &node, 64UL));
    show("get", get(&mode, &mask, NULL, 0));
    say("mode %d, mask %lx", mode, mask);
    show("of an address", get(&mode, &mask, p, MPOL_F_ADDR));
    say("mode %d, mask %lx", mode, mask);
    show("bind", syscall(SYS_mbind, p, 4096UL, MPOL_PREFERRED, &node, 64UL, 0));
    show("of it", get(&mode, &mask, p, MPOL_F_ADDR));
    say("mode %d, mask %lx", mode, mask);
    show("of its neighbour", get(&mode, &mask, p + 4096, MPOL_F_ADDR));
    say("mode %d, mask %lx", mode, mask);
    show("bind without nodes", syscall(SYS_mbind, p, 4096UL, MPOL_BIND, NULL, 0UL, 0));
    show("default with nodes", syscall(SYS_mbind, p, 4096UL, MPOL_DEFAULT, &node, 64UL, 0));
    show("unknown mode", syscall(SYS_mbind, p, 4096UL, 99, &node, 64UL, 0));
    show("unknown flags", syscall(SYS_mbind, p, 4096UL, MPOL_BIND, &node, 64UL, 64));
    show("bad mask", syscall(SYS_mbind, p, 4096UL, MPOL_BIND, 8L, 64UL, 0));
    show("not aligned", syscall(SYS_mbind, p + 1, 4096UL, MPOL_BIND, &node, 64UL, 0));
    MUST(munmap(p, 8192) == 0);
    show("nothing there", syscall(SYS_mbind, p, 4096UL, MPOL_BIND, &node, 64UL, 0));
    show("address of nothing", get(&mode, &mask, p, MPOL_F_ADDR));
    show("unknown", get(&mode, &mask, NULL, 64));
    show("address without the flag", get(&mode, &mask, p, 0));
    show("nodes that are not there", syscall(SYS_set_mempolicy, MPOL_BIND, &far, 65UL));
    show("back", syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0UL));
    return 0;
}
