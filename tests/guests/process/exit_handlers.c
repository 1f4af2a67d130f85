// exit runs atexit handlers and flushes stdio; _exit does neither; a fork copies unflushed text.
#include "../guest.h"

static void last(void) { say("handler in %s", getenv("WHO")); }

int main(void) {
    atexit(last);
    setenv("WHO", "exit child", 1);
    pid_t pid = fork();
    if (pid == 0) exit(0);
    reap("exit", pid);
    setenv("WHO", "_exit child", 1);
    if ((pid = fork()) == 0) _exit(0);
    reap("_exit", pid);

    FILE *f = fopen("text", "w");
    MUST(f);
    fprintf(f, "once,");
    if ((pid = fork()) == 0) exit(0); // flushes its copy
    reap("flushing child", pid);
    fclose(f);
    show_file("text");
    setenv("WHO", "main", 1);
}
