// The stack grows on its own to a few megabytes, also after an exec and inside a signal handler.
#include "../guest.h"

static __attribute__((noinline)) unsigned dive(unsigned depth, volatile char *above) {
    volatile char frame[2048];
    frame[0] = above ? above[0] + 1 : 0;
    if (depth == 0) return (unsigned char)frame[0];
    unsigned r = dive(depth - 1, frame);
    return r + (frame[0] == 127); // keeps this from being a tail call
}

static volatile unsigned in_handler;
static void handler(int sig) {
    (void)sig;
    in_handler = dive(1000, NULL);
}

int main(int argc, char **argv) {
    say("2 MiB: %u", dive(1000, NULL));
    say("6 MiB: %u", dive(3000, NULL));
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    say("in a handler: %u", in_handler);
    if (argc == 1) execl("/proc/self/exe", argv[0], "again", (char *)NULL);
}
