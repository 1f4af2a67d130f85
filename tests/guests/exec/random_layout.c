// Every execution gets its own AT_RANDOM bytes and its own addresses.
#include "../guest.h"
#include <sys/auxv.h>

int main(int argc, char **argv) {
    if (argc > 1) {
        int here;
        unsigned long v[4] = {0, 0, (unsigned long)&here >> 12, (unsigned long)sbrk(0) >> 12};
        memcpy(v, (void *)getauxval(AT_RANDOM), 16);
        return write(1, v, sizeof v) != sizeof v;
    }
    (void)argv;
    unsigned long v[6][4];
    for (int i = 0; i < 6; i++) {
        int p[2];
        MUST(pipe(p) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(p[1], 1);
            execl("/proc/self/exe", "x", "child", (char *)NULL);
            _exit(99);
        }
        MUST(read(p[0], v[i], sizeof v[i]) == sizeof v[i]);
        waitpid(pid, NULL, 0);
        close(p[0]);
        close(p[1]);
    }
    int random = 0, stack = 0, brk = 0;
    for (int i = 1; i < 6; i++) {
        random += memcmp(v[0], v[i], 16) != 0;
        stack += v[0][2] != v[i][2];
        brk += v[0][3] != v[i][3];
    }
    say("AT_RANDOM differs in %d of 5 runs", random);
    yes("the stack moves", stack > 0);
    yes("brk moves", brk > 0);
}
