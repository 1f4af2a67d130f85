// Which part of an exit value a parent sees, by _exit, exit, return from main and raw exit calls.
#include "../guest.h"

int main(void) {
    static const int values[] = {0, 1, 2, 127, 128, 255, 256, 257, -1, -256, 0x7fffffff};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        char what[32];
        snprintf(what, sizeof what, "_exit(%d)", values[i]);
        pid_t pid = fork();
        if (pid == 0) _exit(values[i]);
        reap(what, pid);
    }
    pid_t pid = fork();
    if (pid == 0) exit(7);
    reap("exit(7)", pid);
    if ((pid = fork()) == 0) syscall(SYS_exit, 300);
    reap("raw exit(300)", pid);
    if ((pid = fork()) == 0) syscall(SYS_exit_group, -2L);
    reap("raw exit_group(-2)", pid);
    if ((pid = fork()) == 0) return 42;
    reap("return 42", pid);
}
