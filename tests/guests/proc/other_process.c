// The directory of another process: a child's command line, state and parent, and that it goes away.
#include "../guest.h"
#include <dirent.h>

static void show_text(pid_t pid, const char *what) {
    char path[64], b[256];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, b, sizeof b - 1);
    close(fd);
    for (ssize_t i = 0; i < n; i++)
        if (b[i] == 0) b[i] = '|';
        else if (b[i] == '\n') b[i] = '.';
    b[n > 0 ? n : 0] = 0;
    say("%s: %s", what, b);
}
static int listed(pid_t pid) {
    DIR *d = opendir("/proc");
    int found = 0;
    for (struct dirent *e; (e = readdir(d));) found += atoi(e->d_name) == pid;
    closedir(d);
    return found;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        MUST(write(1, "", 0) == 0);
        raise(SIGSTOP);
        return 3;
    }
    (void)argv;
    pid_t pid = fork();
    if (pid == 0) {
        MUST(symlink("/proc/self/exe", "renamed") == 0);
        execl("./renamed", "zero", "an argument", "", (char *)NULL);
        _exit(99);
    }
    int st;
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_status("child", st);
    show_text(pid, "cmdline");
    show_text(pid, "comm");
    char path[32];
    snprintf(path, sizeof path, "%d", pid);
    say("state %c, listed %d", proc_state(path), listed(pid));
    snprintf(path, sizeof path, "/proc/%d/cwd", pid);
    struct stat a, b;
    yes("same working directory", stat(path, &a) == 0 && stat(".", &b) == 0 && a.st_ino == b.st_ino);
    kill(pid, SIGCONT);
    reap("child", pid);
    say("listed afterwards %d", listed(pid));
    show("a directory that never was", access("/proc/4194303", F_OK));
    yes("nothing can be created in /proc", open("/proc/new", O_CREAT | O_WRONLY, 0600) == -1);
}
