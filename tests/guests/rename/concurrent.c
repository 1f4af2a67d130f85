// A name that is renamed over all the time: a reader always finds one whole version.
#include "../guest.h"

int main(void) {
    put_file("cfg", "0000000000000000");
    pid_t pid = fork();
    if (pid == 0) {
        char text[17] = {0};
        for (int i = 0; i < 150; i++) {
            memset(text, 'a' + i % 26, 16);
            put_file("tmp", text);
            MUST(rename("tmp", "cfg") == 0);
        }
        _exit(0);
    }
    int missing = 0, torn = 0, st;
    while (waitpid(pid, &st, WNOHANG) == 0) {
        char b[20] = {0};
        int fd = open("cfg", O_RDONLY);
        if (fd < 0) {
            missing++;
            continue;
        }
        torn += read(fd, b, 20) != 16;
        for (int i = 1; i < 16; i++) torn += b[i] != b[0];
        close(fd);
    }
    show_status("writer", st);
    say("missing %d, torn %d", missing, torn);
    show_file("cfg");
}
