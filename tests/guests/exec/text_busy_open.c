// A program that runs cannot be opened for writing or truncated (ETXTBSY); its name can be removed and taken by another.
#include "../guest.h"

int main(int argc, char **argv) {
    char b[65536];
    if (argc > 1) {
        show("open for writing", open(argv[1], O_WRONLY));
        show("open for both", open(argv[1], O_RDWR));
        show("open for reading, cut", open(argv[1], O_RDONLY | O_TRUNC));
        show("truncate", truncate(argv[1], 0));
        yes("open for reading", open(argv[1], O_RDONLY) >= 0);
        show("chmod", chmod(argv[1], 0700));
        show("the interpreter or another file", open("other", O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : -1);
        show("unlink", unlink(argv[1]));
        int again = open(argv[1], O_WRONLY | O_CREAT, 0600);
        yes("a new file of that name", again >= 0);
        return 5;
    }
    int in = open("/proc/self/exe", O_RDONLY), out = open("copy", O_WRONLY | O_CREAT, 0755);
    for (ssize_t n; (n = read(in, b, sizeof b)) > 0;) MUST(write(out, b, n) == n);
    close(out);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("./copy", "x", "copy", (char *)NULL);
            show("exec", -1);
            _exit(1);
        }
        reap("child", pid);
        MUST(i == 1 || chmod("copy", 0755) == 0);
    }
    int w = open("copy", O_WRONLY);
    show("writable once it has ended", w >= 0 ? 0 : -1);
}
