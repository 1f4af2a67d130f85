// A signal for a process group reaches all of it at once: who reads from a pipe dies of it too, not of the end of its writer.
#include "../guest.h"

// Both ends die of the signal; answers how many did.
static int one_pair(void) {
    int ends[2], ready[2];
    MUST(pipe(ends) == 0 && pipe(ready) == 0);
    pid_t writer = fork();
    if (writer == 0) {
        setpgid(0, 0);
        close(ends[0]);
        if (write(ready[1], "w", 1) != 1) _exit(1);
        for (;;) pause();
    }
    setpgid(writer, writer);
    pid_t reader = fork();
    if (reader == 0) {
        setpgid(0, writer);
        close(ends[1]);
        char byte;
        if (write(ready[1], "r", 1) != 1) _exit(1);
        while (read(ends[0], &byte, 1) > 0) {}
        _exit(2);
    }
    setpgid(reader, writer);
    close(ends[0]), close(ends[1]);
    char both[2];
    MUST(read(ready[0], &both[0], 1) == 1 && read(ready[0], &both[1], 1) == 1);
    close(ready[0]), close(ready[1]);
    MUST(kill(-writer, SIGQUIT) == 0);
    int died = 0, st;
    died += waitpid(writer, &st, 0) == writer && WIFSIGNALED(st) && WTERMSIG(st) == SIGQUIT;
    died += waitpid(reader, &st, 0) == reader && WIFSIGNALED(st) && WTERMSIG(st) == SIGQUIT;
    return died;
}

int main(void) {
    int died = 0;
    for (int i = 0; i < 100; i++) died += one_pair();
    say("%d of 200 died of the signal", died);
}
