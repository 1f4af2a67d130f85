// A pipeline of ten processes carries a megabyte through; each stage adds one to every byte.
#include "../guest.h"
#define SIZE (1 << 20)

int main(void) {
    int in[2], last;
    MUST(pipe(in) == 0);
    pid_t source = fork();
    if (source == 0) {
        static unsigned char buf[SIZE];
        for (int i = 0; i < SIZE; i++) buf[i] = i * 31 >> 3;
        close(in[0]);
        for (int off = 0; off < SIZE;) {
            ssize_t n = write(in[1], buf + off, SIZE - off);
            MUST(n > 0);
            off += n;
        }
        _exit(0);
    }
    close(in[1]);
    last = in[0];
    for (int s = 0; s < 10; s++) {
        int p[2];
        MUST(pipe(p) == 0);
        if (fork() == 0) {
            unsigned char buf[5000];
            close(p[0]);
            for (ssize_t n; (n = read(last, buf, sizeof buf)) > 0;) {
                for (ssize_t i = 0; i < n; i++) buf[i]++;
                for (ssize_t off = 0, k; off < n; off += k) MUST((k = write(p[1], buf + off, n - off)) > 0);
            }
            _exit(s);
        }
        close(last);
        close(p[1]);
        last = p[0];
    }
    int total = 0, wrong = 0;
    unsigned char buf[4096];
    for (ssize_t n; (n = read(last, buf, sizeof buf)) > 0; total += n)
        for (ssize_t i = 0; i < n; i++) wrong += buf[i] != (unsigned char)(((total + i) * 31 >> 3) + 10);
    int codes = 0, st;
    while (wait(&st) > 0) codes += WEXITSTATUS(st);
    say("bytes %d, wrong %d, codes %d", total, wrong, codes);
}
