// A write or a chown by an ordinary user takes the set-user-id bit away.
#include "../guest.h"

static void mode(const char *what) {
    struct stat st;
    MUST(stat("f", &st) == 0);
    say("%s %04o", what, st.st_mode & 07777);
}

int main(void) {
    if (geteuid() != 0) return 0; // both runs are by the same user
    umask(0);
    chmod(".", 0777);
    put_file("f", "text");
    chmod("f", 06777);
    mode("start");
    pid_t pid = fork();
    if (pid == 0) {
        MUST(setresgid(77, 77, 77) == 0 && setresuid(77, 77, 77) == 0);
        int fd = open("f", O_WRONLY);
        MUST(write(fd, "x", 1) == 1);
        _exit(0);
    }
    reap("writer", pid);
    mode("after a write");
    chmod("f", 06777);
    show("chown by root", chown("f", 5, 6));
    mode("after a chown");
}
