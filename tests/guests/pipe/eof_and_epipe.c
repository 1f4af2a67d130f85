// EOF only when the last writer closes, EPIPE only when the last reader does; reads of nothing.
#include "../guest.h"
#include <sys/ioctl.h>

int main(void) {
    int p[2], n = -1;
    char b[8];
    signal(SIGPIPE, SIG_IGN);
    MUST(pipe(p) == 0);
    int w2 = dup(p[1]), r2 = dup(p[0]);
    show("write", write(p[1], "hello", 5));
    show("FIONREAD", ioctl(p[0], FIONREAD, &n));
    say("bytes %d", n);
    show("read of 0 bytes", read(p[0], b, 0));
    close(p[1]);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    show("read", read(p[0], b, 8));
    show("empty, a writer is left", read(p[0], b, 8));
    close(w2);
    show("empty, no writer is left", read(p[0], b, 8));
    show("read from the write end", read(p[1], b, 1));
    MUST(pipe(p) == 0);
    int r3 = dup(p[0]);
    close(p[0]);
    show("a reader is left", write(p[1], "x", 1));
    close(r3);
    show("no reader is left", write(p[1], "x", 1));
    show("read of the write end", read(p[1], b, 1));
    show("pipe2 flags", pipe2(p, O_APPEND));
    close(r2);
    struct stat st;
    MUST(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0 && fstat(p[0], &st) == 0);
    say("fifo %d, mode %03o, flags %d %d", S_ISFIFO(st.st_mode), st.st_mode & 0777, fcntl(p[0], F_GETFD), !!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
}
