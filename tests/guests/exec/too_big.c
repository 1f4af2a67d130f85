// Argument strings: one of 128 KiB is too long, one below fits; a stack limit caps the sum at a quarter of it.
#include "../guest.h"

static void try(const char *what, char **argv) {
    pid_t pid = fork();
    if (pid == 0) {
        char *env[] = {NULL};
        execve("/proc/self/exe", argv, env);
        show(what, -1);
        _exit(1);
    }
    reap(what, pid);
}

int main(int argc, char **argv) {
    if (argc > 1) return 50;
    (void)argv;
    static char big[131073];
    memset(big, 'b', sizeof big - 1);
    try("131072 bytes and NUL", (char *[]){"x", big, NULL});
    big[131071] = 0;
    try("131071 bytes and NUL", (char *[]){"x", big, NULL});
    char *many[20] = {"x"};
    for (int i = 1; i < 19; i++) many[i] = big;
    struct rlimit lim;
    getrlimit(RLIMIT_STACK, &lim);
    lim.rlim_cur = 4 << 20;
    MUST(setrlimit(RLIMIT_STACK, &lim) == 0);
    try("18 of them with a 4 MiB stack", many);
    many[6] = NULL;
    try("5 of them with a 4 MiB stack", many);
}
