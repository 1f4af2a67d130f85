// #! lines: interpreter, one optional argument with inner blanks, script path, then the arguments.
#include "../guest.h"

static void script(const char *name, const char *line) {
    char text[600], self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    MUST(n > 0);
    self[n] = 0;
    snprintf(text, sizeof text, line, self);
    put_file(name, text);
    chmod(name, 0755);
}

static void run(const char *path) {
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, "zero", "first", "second", (char *)NULL);
        show(path, -1);
        _exit(1);
    }
    reap(path, pid);
}

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 1; i < argc; i++) say("  [%d] %s", i, argv[i]);
        return argc;
    }
    script("./plain", "#!%s\nrest\n");
    script("./argument", "#!%s one\n");
    script("./blanks", "#! \t %s \t two words  \t\n");
    script("./no_newline", "#!%s end");
    script("./crlf", "#!%s\r\n");
    script("./empty", "#!\n");
    script("./blank", "#!  \n");
    script("./dirint", "#!/tmp\n");
    script("./relative", "#!plain\n");
    static const char *all[] = {"./plain", "./argument", "./blanks", "./no_newline", "./crlf", "./empty", "./blank", "./dirint", "./relative"};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) run(all[i]);
}
