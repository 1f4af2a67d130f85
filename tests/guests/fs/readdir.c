// Reading directories: every name once while others come and go, types, rewinding, seeking, small buffers.
#include "../guest.h"
#include <dirent.h>

static int names(DIR *d, const char *want, int *extra) {
    int found = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        if (e->d_name[0] == *want)
            found++;
        else
            (*extra)++;
    }
    return found;
}

int main(void) {
    char n[16], buf[32];
    MUST(mkdir("d", 0755) == 0);
    for (int i = 0; i < 500; i++) {
        snprintf(n, sizeof n, "d/k%03d", i);
        put_file(n, "");
    }
    DIR *d = opendir("d");
    int extra = 0;
    say("found %d, others %d", names(d, "k", &extra), extra);
    rewinddir(d);
    int k = 0, gone = 0;
    for (struct dirent *e; (e = readdir(d));) { // delete as we read, like rm -r
        if (e->d_name[0] != 'k') continue;
        k++;
        gone += unlinkat(dirfd(d), e->d_name, 0) == 0;
    }
    say("seen %d, deleted %d", k, gone);
    rewinddir(d);
    say("left %d", names(d, "k", &extra));
    closedir(d);
    put_file("d/file", "");
    MUST(mkdir("d/dir", 0755) == 0 && symlink("x", "d/link") == 0 && mkfifo("d/pipe", 0600) == 0);
    struct dirent **list;
    int count = scandir("d", &list, NULL, alphasort);
    for (int i = 0; i < count; i++)
        say("%s %s", list[i]->d_name, list[i]->d_type == DT_DIR ? "dir" : list[i]->d_type == DT_REG ? "file" : list[i]->d_type == DT_LNK ? "link" : list[i]->d_type == DT_FIFO ? "fifo" : "?");
    d = opendir("d");
    readdir(d), readdir(d);
    long at = telldir(d);
    char third[256];
    strcpy(third, readdir(d)->d_name);
    while (readdir(d)) {}
    seekdir(d, at);
    yes("seekdir comes back", strcmp(third, readdir(d)->d_name) == 0);
    int fd = open("d", O_RDONLY);
    show("buffer too small", syscall(SYS_getdents64, fd, buf, 8));
    show("not a directory", syscall(SYS_getdents64, open("d/file", O_RDONLY), buf, 32));
    struct stat st, up;
    fstat(fd, &st);
    stat("d/dir/..", &up);
    yes(".. of a child is the directory", st.st_ino == up.st_ino);
    MUST(rename("d", "moved") == 0 && mkdir("gone", 0700) == 0);
    d = opendir("gone");
    rmdir("gone");
    yes("a removed directory reads as empty", readdir(d) == NULL);
}
