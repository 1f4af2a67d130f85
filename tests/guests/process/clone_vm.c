// clone with CLONE_VM and a stack of its own: the child writes our memory and ends like a process.
#include "../guest.h"

static volatile int cell;
static int child(void *arg) {
    cell = *(int *)arg + 1;
    return 6;
}

int main(void) {
    size_t size = 64 << 10;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    MUST(stack != MAP_FAILED);
    int arg = 41;
    pid_t pid = clone(child, stack + size, CLONE_VM | SIGCHLD, &arg);
    reap("CLONE_VM child", pid);
    say("cell %d", cell);
    arg = 1;
    pid = clone(child, stack + size, SIGCHLD, &arg);
    reap("child with a copy", pid);
    say("cell %d", cell);
    arg = 99;
    pid = clone(child, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, &arg);
    say("cell at once after CLONE_VFORK: %d", cell);
    reap("CLONE_VFORK child", pid);
}
