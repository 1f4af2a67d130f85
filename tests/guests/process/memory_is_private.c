// After fork neither side sees what the other writes: data, bss, heap, stack and private mappings.
#include "../guest.h"

static int data = 1, bss;

int main(void) {
    int stack = 1, *heap = malloc(sizeof *heap);
    int *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(map != MAP_FAILED && shared != MAP_FAILED);
    gate_t to_child, to_parent;
    gate_init(&to_child);
    gate_init(&to_parent);
    *heap = *map = *shared = bss = 1;
    volatile int *vstack = &stack;
    pid_t pid = fork();
    if (pid == 0) {
        data = bss = *vstack = *heap = *map = *shared = 2;
        gate_open(&to_parent);
        gate_wait(&to_child);
        say("child sees %d %d %d %d %d, shared %d", data, bss, *vstack, *heap, *map, *shared);
        _exit(0);
    }
    gate_wait(&to_parent);
    say("parent sees %d %d %d %d %d, shared %d", data, bss, *vstack, *heap, *map, *shared);
    data = bss = *vstack = *heap = *map = *shared = 3;
    gate_open(&to_child);
    reap("child", pid);
}
