// Writers that share one open file description: the offset moves atomically with each write.
#include "../guest.h"

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    pid_t pid[4];
    for (int w = 0; w < 4; w++)
        if ((pid[w] = fork()) == 0) {
            char block[16];
            memset(block, 'a' + w, sizeof block);
            for (int i = 0; i < 300; i++) MUST(write(fd, block, sizeof block) == sizeof block);
            _exit(0);
        }
    for (int w = 0; w < 4; w++) reap("writer", pid[w]);
    show("size", lseek(fd, 0, SEEK_END));
    int count[4] = {0}, torn = 0;
    char b[16];
    for (off_t at = 0; pread(fd, b, 16, at) == 16; at += 16) {
        for (int i = 1; i < 16; i++) torn += b[i] != b[0];
        if (b[0] >= 'a' && b[0] < 'e') count[b[0] - 'a']++;
    }
    say("blocks %d %d %d %d, torn %d", count[0], count[1], count[2], count[3], torn);
}
