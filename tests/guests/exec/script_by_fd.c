// A script run through a descriptor is named /dev/fd/N; with close-on-exec set that cannot work: ENOENT.
#include "../guest.h"

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 1; i < argc; i++) say("  [%d] %s", i, argv[i]);
        return argc;
    }
    char text[400], self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    MUST(n > 0);
    self[n] = 0;
    snprintf(text, sizeof text, "#!%s\n", self);
    put_file("script", text);
    chmod("script", 0755);
    for (int cloexec = 0; cloexec < 2; cloexec++) {
        int fd = open("script", O_RDONLY);
        MUST(dup3(fd, 50, cloexec ? O_CLOEXEC : 0) == 50);
        close(fd);
        pid_t pid = fork();
        if (pid == 0) {
            char *args[] = {"zero", "a", NULL}, *env[] = {NULL};
            syscall(SYS_execveat, 50, "", args, env, AT_EMPTY_PATH);
            show("execveat", -1);
            _exit(1);
        }
        reap(cloexec ? "with close-on-exec" : "without", pid);
    }
}
