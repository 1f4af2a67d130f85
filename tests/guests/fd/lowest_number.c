// Every new descriptor gets the lowest free number.
#include "../guest.h"
#include <sys/eventfd.h>

int main(void) {
    for (int i = 3; i < 64; i++) close(i);
    show("open", open("/dev/null", O_RDONLY));
    show("open", open("/dev/null", O_RDONLY));
    show("dup", dup(0));
    close(3);
    close(4);
    int p[2];
    MUST(pipe(p) == 0);
    say("pipe %d %d", p[0], p[1]);
    close(4);
    show("eventfd", eventfd(0, 0));
    close(0);
    show("open", open("/dev/null", O_RDONLY));
    show("open", open("/dev/null", O_RDONLY));
    pid_t pid = fork();
    if (pid == 0) {
        close(3);
        show("child's open", open("/dev/null", O_RDONLY));
        _exit(0);
    }
    reap("child", pid);
    show("ours", open("/dev/null", O_RDONLY));
}
