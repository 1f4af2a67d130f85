// /proc/self/fd: one link for each descriptor, its target's name, opening through it, fdinfo.
#include "../guest.h"
#include <dirent.h>

int main(void) {
    for (int i = 3; i < 64; i++) close(i);
    put_file("f", "content");
    int fd = open("f", O_RDWR | O_APPEND), p[2];
    MUST(pipe(p) == 0 && dup2(fd, 40) == 40);
    char b[512], cwd[300];
    MUST(read(fd, b, 3) == 3 && getcwd(cwd, sizeof cwd));
    DIR *d = opendir("/proc/self/fd");
    int seen[64] = {0}, others = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        int n = atoi(e->d_name);
        if (n < 64)
            seen[n]++;
        else
            others++;
    }
    char line[65] = {0};
    for (int i = 0; i < 64; i++) line[i] = '0' + seen[i];
    say("%s others %d", line, others);
    closedir(d);
    ssize_t n = readlink("/proc/self/fd/3", b, sizeof b - 1);
    b[n] = 0;
    yes("a file's name", strncmp(b, cwd, strlen(cwd)) == 0 && strcmp(b + strlen(cwd), "/f") == 0);
    n = readlink("/proc/self/fd/4", b, sizeof b - 1);
    b[n] = 0;
    yes("a pipe's name", strncmp(b, "pipe:[", 6) == 0);
    int again = open("/proc/self/fd/3", O_RDONLY);
    show("opening gives a new offset", read(again, b, 100));
    show("a closed one", access("/proc/self/fd/50", F_OK));
    show("not a number", access("/proc/self/fd/x", F_OK));
    struct stat st;
    lstat("/proc/self/fd/3", &st);
    say("link %d, mode %03o", S_ISLNK(st.st_mode), st.st_mode & 0777);
    FILE *f = fopen("/proc/self/fdinfo/3", "r");
    long pos = -1, flags = -1;
    while (f && fgets(b, sizeof b, f)) sscanf(b, "pos: %ld", &pos), sscanf(b, "flags: %lo", &flags);
    say("fdinfo pos %ld, flags %lo", pos, flags & (O_ACCMODE | O_APPEND));
    pid_t pid = fork();
    if (pid == 0) {
        close(40);
        pause();
    }
    snprintf(b, sizeof b, "/proc/%d/fd/3", pid);
    show("a child's", access(b, F_OK));
    kill(pid, SIGKILL);
    reap("child", pid);
    show("gone with it", access(b, F_OK));
}
