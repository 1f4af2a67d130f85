// A process whose parent ends gets another, living one; the grandparent cannot wait for it.
#include "../guest.h"

int main(void) {
    gate_t middle_gone, done, looked;
    gate_init(&looked);
    gate_init(&middle_gone);
    gate_init(&done);
    pid_t top = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        pid_t middle = getpid();
        pid_t grandchild = fork();
        if (grandchild == 0) {
            yes("first parent is the middle process", getppid() == middle);
            gate_open(&looked);
            gate_wait(&middle_gone);
            yes("parent changed", getppid() != middle);
            yes("not adopted by the grandparent", getppid() != top);
            yes("the new parent lives", kill(getppid(), 0) == 0 || errno == EPERM);
            gate_open(&done);
            _exit(9);
        }
        gate_wait(&looked);
        _exit(3);
    }
    reap("middle", pid);
    gate_open(&middle_gone);
    gate_wait(&done);
    show("wait for the grandchild", wait(NULL));
}
