// clone3: plain child, exit signal, stack, shared memory, tid words.
#include "../guest.h"
#include <linux/sched.h>

// A bare instruction: a vfork child must not return through a function that its parent is still in.
static inline __attribute__((always_inline)) long clone3(struct clone_args *a, size_t size) {
    long rc;
    __asm__ volatile("syscall" : "=a"(rc) : "0"((long)SYS_clone3), "D"(a), "S"(size) : "rcx", "r11", "memory", "cc");
    return rc;
}

int main(void) {
    struct clone_args a = {.exit_signal = SIGCHLD};
    pid_t pid = clone3(&a, sizeof a);
    if (pid == 0) _exit(11);
    reap("plain", pid);

    a.exit_signal = SIGUSR1;
    signal(SIGUSR1, SIG_IGN);
    pid = clone3(&a, CLONE_ARGS_SIZE_VER0);
    if (pid == 0) _exit(12);
    show("waitpid without __WALL", waitpid(pid, NULL, 0));
    int st;
    yes("waitpid with __WALL", waitpid(pid, &st, __WALL) == pid);
    show_status("exit signal USR1", st);

    int parent_tid = 0, *child_tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    a = (struct clone_args){.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .exit_signal = SIGCHLD};
    a.parent_tid = (uintptr_t)&parent_tid;
    a.child_tid = (uintptr_t)child_tid;
    pid = clone3(&a, sizeof a);
    if (pid == 0) _exit(*child_tid == getpid());
    reap("child word right", pid);
    yes("parent word right", parent_tid == pid);

    volatile int seen = 0;
    a = (struct clone_args){.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
    pid = clone3(&a, sizeof a);
    if (pid == 0) {
        seen = 5;
        _exit(14);
    }
    say("stored by the vfork child: %d", seen);
    reap("vfork by clone3", pid);
}
