// Writing to a pipe without readers: SIGPIPE and EPIPE; default, handled, ignored, blocked, by several calls.
#include "../guest.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static volatile sig_atomic_t hits;
static void handler(int sig) { hits += sig == SIGPIPE; }

int main(void) {
    int p[2];
    MUST(pipe(p) == 0);
    close(p[0]);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        show("write", write(p[1], "x", 1));
        _exit(0);
    }
    reap("default", pid);
    signal(SIGPIPE, handler);
    show("write", write(p[1], "x", 1));
    show("write of nothing", write(p[1], "", 0));
    say("hits %d", (int)hits);
    show("writev", writev(p[1], &(struct iovec){"y", 1}, 1));
    say("hits %d", (int)hits);
    put_file("f", "data");
    int fd = open("f", O_RDONLY);
    show("sendfile", sendfile(p[1], fd, NULL, 4));
    say("hits %d", (int)hits);
    signal(SIGPIPE, SIG_IGN);
    show("ignored", write(p[1], "x", 1));
    sigset_t set, pend;
    signal(SIGPIPE, handler);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    show("blocked", write(p[1], "x", 1));
    sigpending(&pend);
    say("pending %d, hits %d", sigismember(&pend, SIGPIPE), (int)hits);
}
