// Six hundred files in one directory: create, look up, rename and delete all, from two processes at once.
#include "../guest.h"
#define N 300

int main(void) {
    MUST(mkdir("d", 0755) == 0);
    pid_t pid[2];
    for (int w = 0; w < 2; w++)
        if ((pid[w] = fork()) == 0) {
            char a[32], b[32];
            int bad = 0;
            for (int i = 0; i < N; i++) {
                snprintf(a, sizeof a, "d/%c%d", 'a' + w, i);
                put_file(a, a);
            }
            for (int i = 0; i < N; i += 2) {
                snprintf(a, sizeof a, "d/%c%d", 'a' + w, i);
                snprintf(b, sizeof b, "d/%c%d.moved", 'a' + w, i);
                bad += rename(a, b) != 0;
            }
            for (int i = 1; i < N; i += 2) {
                snprintf(a, sizeof a, "d/%c%d", 'a' + w, i);
                bad += unlink(a) != 0;
                bad += access(a, F_OK) == 0;
            }
            _exit(bad ? 1 : 0);
        }
    reap("one", pid[0]);
    reap("two", pid[1]);
    int left = 0, wrong = 0;
    for (int w = 0; w < 2; w++)
        for (int i = 0; i < N; i += 2) {
            char b[32], text[32] = {0};
            snprintf(b, sizeof b, "d/%c%d.moved", 'a' + w, i);
            int fd = open(b, O_RDONLY);
            left += fd >= 0;
            wrong += read(fd, text, 31) <= 0 || strncmp(text, b, strlen(text)) != 0;
            close(fd);
        }
    say("left %d, wrong %d", left, wrong);
}
