// Several writers, each record at most PIPE_BUF: no record is ever torn.
#include "../guest.h"
#include <limits.h>
#define WRITERS 4
#define RECORDS 80

int main(void) {
    int p[2];
    MUST(pipe(p) == 0);
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            static char rec[PIPE_BUF];
            for (int i = 0; i < RECORDS; i++) {
                int len = i % 3 == 0 ? PIPE_BUF : i % 3 == 1 ? 1000 : 37;
                memset(rec, 'A' + w, len);
                rec[0] = len >> 8;
                rec[1] = len & 0xff;
                MUST(write(p[1], rec, len) == len);
            }
            _exit(0);
        }
    close(p[1]);
    FILE *f = fdopen(p[0], "r");
    int count[WRITERS] = {0}, torn = 0, hi, lo;
    while ((hi = getc(f)) != EOF && (lo = getc(f)) != EOF) {
        int len = hi << 8 | lo, who = getc(f);
        for (int i = 3; i < len; i++) torn += getc(f) != who;
        if (who >= 'A' && who < 'A' + WRITERS)
            count[who - 'A']++;
        else
            torn++;
    }
    say("records %d %d %d %d, torn bytes %d", count[0], count[1], count[2], count[3], torn);
    for (int w = 0; w < WRITERS; w++) wait(NULL);
}
