// Arguments and environment arrive as given: empty strings, long strings, no environment, many entries.
#include "../guest.h"

static int report(int argc, char **argv) {
    size_t bytes = 0, env = 0, count = 0;
    for (int i = 0; i < argc; i++) bytes += strlen(argv[i]) + 1;
    for (char **e = environ; *e; e++) env += strlen(*e) + 1, count++;
    say("argc %d, bytes %zu, argv[argc] NULL %d, environment %zu entries %zu bytes", argc, bytes, argv[argc] == NULL, count, env);
    for (int i = 0; i < argc && i < 4; i++) say("  [%d] %.20s", i, argv[i]);
    // strings lie one after the other, arguments first
    int contiguous = 1;
    for (int i = 0; i + 1 < argc; i++) contiguous &= argv[i + 1] == argv[i] + strlen(argv[i]) + 1;
    if (environ[0]) contiguous &= environ[0] == argv[argc - 1] + strlen(argv[argc - 1]) + 1;
    yes("  strings are contiguous", contiguous);
    yes("  environ follows argv", environ == argv + argc + 1);
    return argc & 0xff;
}

static void run(const char *what, char **argv, char **envp) {
    pid_t pid = fork();
    if (pid == 0) {
        execve("/proc/self/exe", argv, envp);
        show("execve", -1);
        _exit(99);
    }
    reap(what, pid);
}

int main(int argc, char **argv) {
    if (argc > 0 && strcmp(argv[0], "child") == 0) return report(argc, argv);
    static char longest[100000];
    memset(longest, 'l', sizeof longest - 1);
    static char *many[3002];
    for (int i = 0; i < 3001; i++) many[i] = "child";
    run("plain", (char *[]){"child", "a", "", "b c\n", NULL}, (char *[]){"A=1", "B", "=", NULL});
    run("no environment", (char *[]){"child", NULL}, (char *[]){NULL});
    run("NULL environment", (char *[]){"child", "x", NULL}, NULL);
    run("long string", (char *[]){"child", longest, NULL}, (char *[]){longest, NULL});
    run("many", many, (char *[]){"A=1", NULL});
}
