// VMIN and VTIME: the four ways in which a raw read ends.
#include "pty.h"

static pid_t later(int m, int ms, const char *a, int ms2, const char *b) {
    pid_t pid = fork();
    if (pid == 0) {
        sleep_ms(ms);
        type(m, a);
        if (b) {
            sleep_ms(ms2);
            type(m, b);
        }
        _exit(0);
    }
    return pid;
}

static void get(const char *what, int s, size_t max) {
    char buf[64] = {0};
    long t = now_ms();
    ssize_t n = read(s, buf, max);
    t = now_ms() - t;
    say("%s: %zd \"%s\"%s", what, n, n > 0 ? buf : "", n < 0 ? errname(errno) : "");
    say("  %s", t < 65 ? "at once" : "waited");
}

int main(void) {
    int s, m = pty(&s);
    pid_t pid;
    raw(s, 0, 0);
    get("0 0, empty", s, 10);
    type(m, "ab");
    sleep_ms(10);
    get("0 0", s, 10);
    raw(s, 0, 2);
    get("0 2, empty", s, 10);
    pid = later(m, 80, "x", 0, NULL);
    get("0 2, one comes", s, 10);
    waitpid(pid, NULL, 0);
    raw(s, 3, 0);
    pid = later(m, 10, "ab", 70, "cd");
    get("3 0", s, 10);
    waitpid(pid, NULL, 0);
    pid = later(m, 1, "z", 0, NULL);
    get("3 0, asked for 1", s, 1);
    waitpid(pid, NULL, 0);
    raw(s, 5, 1);
    pid = later(m, 1, "pq", 0, NULL);
    get("5 1, two come", s, 10);
    waitpid(pid, NULL, 0);
    raw(s, 3, 0);
    type(m, "12");
    events("2 of 3", s);
    type(m, "3");
    events("3 of 3", s);
    fcntl(s, F_SETFL, O_NONBLOCK);
    get("nonblocking", s, 2);
    get("nonblocking, less than VMIN", s, 2);
    get("nonblocking, empty", s, 2);
    raw(s, 0, 0);
    get("nonblocking, 0 0", s, 2);
}
