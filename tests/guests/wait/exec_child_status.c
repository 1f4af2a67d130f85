// The status of a child that changed its image: the last program's, not the forked one's.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc > 1) {
        if (argv[1][0] == 'k') raise(SIGTERM);
        return atoi(argv[1]);
    }
    static const char *args[] = {"0", "9", "200", "k"};
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "next", args[i], (char *)NULL);
            _exit(99);
        }
        reap(args[i], pid);
    }
}
