// Several readers of one pipe: every byte goes to exactly one of them.
#include "../guest.h"

int main(void) {
    int p[2], r[2];
    MUST(pipe(p) == 0 && pipe(r) == 0);
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            close(p[1]);
            int count[256] = {0};
            unsigned char b[13];
            for (ssize_t n; (n = read(p[0], b, sizeof b)) > 0;)
                for (ssize_t k = 0; k < n; k++) count[b[k]]++;
            MUST(write(r[1], count, sizeof count) == sizeof count);
            _exit(0);
        }
    close(p[0]);
    for (int i = 0; i < 256 * 40; i++) {
        unsigned char c = i;
        MUST(write(p[1], &c, 1) == 1);
    }
    close(p[1]);
    int total[256] = {0}, one[256];
    for (int i = 0; i < 3; i++) {
        MUST(read(r[0], one, sizeof one) == sizeof one);
        for (int k = 0; k < 256; k++) total[k] += one[k];
        wait(NULL);
    }
    int right = 0;
    for (int k = 0; k < 256; k++) right += total[k] == 40;
    say("%d of 256 values seen 40 times", right);
}
