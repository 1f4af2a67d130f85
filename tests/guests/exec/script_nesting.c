// A script may be another script's interpreter, up to a depth; a script that names itself is a loop.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 1; i < argc; i++) say("  [%d] %s", i, argv[i]);
        return argc;
    }
    char text[400], self[256], name[16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    MUST(n > 0);
    self[n] = 0;
    snprintf(text, sizeof text, "#!%s arg0\n", self);
    put_file("s0", text);
    chmod("s0", 0755);
    for (int i = 1; i <= 6; i++) {
        snprintf(text, sizeof text, "#!./s%d arg%d\n", i - 1, i);
        snprintf(name, sizeof name, "s%d", i);
        put_file(name, text);
        chmod(name, 0755);
    }
    put_file("self", "#!./self\n");
    chmod("self", 0755);
    for (int i = 0; i <= 7; i++) {
        snprintf(name, sizeof name, i < 7 ? "./s%d" : "./self", i);
        pid_t pid = fork();
        if (pid == 0) {
            execl(name, "zero", "last", (char *)NULL);
            show(name, -1);
            _exit(1);
        }
        reap(name, pid);
    }
}
