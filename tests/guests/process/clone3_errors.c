// clone3: sizes, reserved bits and stacks that it refuses.
#include "../guest.h"
#include <linux/sched.h>

static void try(const char *what, void *args, size_t size) {
    long rc = syscall(SYS_clone3, args, size);
    if (rc == 0) _exit(77);
    if (rc > 0) {
        waitpid(rc, NULL, __WALL);
        rc = 0;
    }
    show(what, rc);
}

int main(void) {
    struct clone_args plain = {.exit_signal = SIGCHLD}, a;
    char *big = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(big, &plain, sizeof plain);
    try("plain", &plain, sizeof plain);
    try("size 0", &plain, 0);
    try("size 63", &plain, 63);
    try("size 64", &plain, 64);
    try("larger with zeroes", big, 200);
    big[150] = 1;
    try("larger with a bit set", big, 200);
    try("larger than a page", big, 5000);
    try("NULL", NULL, sizeof plain);
    try("kernel address", (void *)0xffff800000000000ul, sizeof plain);
    a = plain;
    a.exit_signal = 65;
    try("exit signal 65", &a, sizeof a);
    a = plain;
    a.exit_signal = 1ul << 32;
    try("exit signal high bit", &a, sizeof a);
    a = plain;
    a.flags = SIGCHLD;
    try("signal among the flags", &a, sizeof a);
    a = plain;
    a.flags = 1ul << 40;
    try("unknown flag", &a, sizeof a);
    a = plain;
    a.flags = CLONE_DETACHED;
    try("CLONE_DETACHED", &a, sizeof a);
    a = plain;
    a.stack = (uintptr_t)big;
    try("stack without size", &a, sizeof a);
    a = plain;
    a.stack_size = 4096;
    try("size without stack", &a, sizeof a);
    a = plain;
    a.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    try("thread with an exit signal", &a, sizeof a);
    a = plain;
    a.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND;
    try("SIGHAND with CLEAR_SIGHAND", &a, sizeof a);
}
