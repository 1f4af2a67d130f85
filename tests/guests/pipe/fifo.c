// Named pipes: open blocks for the other side, O_NONBLOCK rules, O_RDWR, several opens.
#include "../guest.h"

int main(void) {
    char b[8] = {0};
    umask(022);
    show("mkfifo", mkfifo("f", 0666));
    show("again", mkfifo("f", 0666));
    struct stat st;
    stat("f", &st);
    say("fifo %d, mode %03o", S_ISFIFO(st.st_mode), st.st_mode & 0777);
    show("write-only, nonblocking, no reader", open("f", O_WRONLY | O_NONBLOCK));
    int r = open("f", O_RDONLY | O_NONBLOCK);
    show_ok("read-only, nonblocking", r);
    show("read without a writer", read(r, b, 8));
    int w = open("f", O_WRONLY | O_NONBLOCK);
    show_ok("now a writer", w);
    show("read of an empty one", read(r, b, 8));
    show("write", write(w, "abc", 3));
    show("read", read(r, b, 8));
    close(w);
    show("after the writer", read(r, b, 8));
    close(r);
    int rw = open("f", O_RDWR);
    show("O_RDWR write", write(rw, "xy", 2));
    show("O_RDWR read", read(rw, b, 8));
    close(rw);
    pid_t pid = fork();
    if (pid == 0) { // both opens block until they meet
        int fd = open("f", O_WRONLY);
        MUST(write(fd, "meet", 4) == 4);
        _exit(0);
    }
    int fd = open("f", O_RDONLY);
    memset(b, 0, sizeof b);
    show("met", read(fd, b, 8));
    say("%s", b);
    show("then the end", read(fd, b, 8));
    reap("writer", pid);
    show("seek", lseek(fd, 0, SEEK_SET));
    show("truncate", truncate("f", 0));
}
