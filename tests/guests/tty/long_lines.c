// A line holds 4095 characters and its end; what comes after that is lost. Writers wait for room and readers get all of it.
#include "pty.h"

int main(void) {
    int s, m = pty(&s), n;
    local_flags(s, 0, ECHO);
    static char buf[20000];
    memset(buf, 'a', sizeof buf);
    buf[5000] = '\n';
    MUST(write(m, buf, 5001) == 5001);
    sleep_ms(30);
    show("FIONREAD", (ioctl(s, FIONREAD, &n), n));
    n = read(s, buf, sizeof buf);
    show("read", n);
    say("ends in a newline: %d", buf[n - 1] == '\n');
    raw(s, 1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 20000; i++) buf[i] = 'a' + i % 26;
        show("write to the slave", write(s, buf, 20000));
        _exit(0);
    }
    int total = 0, wrong = 0;
    while (total < 20000) {
        char piece[700];
        n = read(m, piece, sizeof piece);
        MUST(n > 0);
        for (int i = 0; i < n; i++) wrong += piece[i] != 'a' + (total + i) % 26;
        total += n;
    }
    reap("writer", pid);
    say("%d bytes, %d wrong", total, wrong);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 20000; i++) buf[i] = 'a' + i % 26;
        int done = 0;
        while (done < 20000) done += write(m, buf + done, 20000 - done);
        _exit(0);
    }
    total = wrong = 0;
    while (total < 20000) {
        char piece[700];
        n = read(s, piece, sizeof piece);
        MUST(n > 0);
        for (int i = 0; i < n; i++) wrong += piece[i] != 'a' + (total + i) % 26;
        total += n;
    }
    say("%d bytes typed, %d wrong", total, wrong);
    reap("typist", pid);
}
