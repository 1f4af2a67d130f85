// Since Linux 5.18 an empty or NULL argv gives the program one empty argument.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc >= 1 && argv[0][0] == 0) return 40 + argc;
    for (int null = 0; null < 2; null++) {
        pid_t pid = fork();
        if (pid == 0) {
            char *none[] = {NULL}, *env[] = {NULL};
            syscall(SYS_execve, "/proc/self/exe", null ? NULL : none, env);
            show("execve", -1);
            _exit(99);
        }
        reap(null ? "NULL argv" : "empty argv", pid);
    }
}
