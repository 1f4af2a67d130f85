// Several processes append lines to one file at once: no line is torn, lost or overwritten.
#include "../guest.h"
#define WRITERS 4
#define LINES 300

int main(void) {
    pid_t pid[WRITERS];
    for (int w = 0; w < WRITERS; w++)
        if ((pid[w] = fork()) == 0) {
            int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
            for (int i = 0; i < LINES; i++) {
                char line[64];
                int n = snprintf(line, sizeof line, "%d %d %.*s\n", w, i, i % 30, "abcdefghijklmnopqrstuvwxyzABCDEF");
                MUST(write(fd, line, n) == n);
            }
            _exit(0);
        }
    for (int w = 0; w < WRITERS; w++) reap("writer", pid[w]);
    FILE *f = fopen("log", "r");
    char line[128];
    int next[WRITERS] = {0}, good = 0, bad = 0;
    while (fgets(line, sizeof line, f)) {
        int w, i;
        char rest[64] = "";
        if (sscanf(line, "%d %d %63s", &w, &i, rest) >= 2 && w >= 0 && w < WRITERS && i == next[w] && (int)strlen(rest) == i % 30)
            good++, next[w]++;
        else
            bad++;
    }
    say("good %d, bad %d", good, bad);
}
