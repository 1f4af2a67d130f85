// The errno of each way in which execve can refuse.
#include "../guest.h"

static void try(const char *what, const char *path) {
    char *args[] = {"x", NULL}, *env[] = {NULL};
    show(what, execve(path, args, env));
}

int main(void) {
    char longname[300], longpath[5000];
    memset(longname, 'n', sizeof longname - 1);
    longname[sizeof longname - 1] = 0;
    memset(longpath, 'n', sizeof longpath - 1);
    for (int i = 10; i < 4990; i += 10) longpath[i] = '/';
    longpath[sizeof longpath - 1] = 0;
    put_file("plain", "text");
    put_file("empty", "");
    put_file("magic", "\177ELF");
    put_file("short", "#");
    chmod("empty", 0755);
    chmod("magic", 0755);
    chmod("short", 0755);
    mkdir("dir", 0755);
    MUST(symlink("loop", "loop") == 0);
    MUST(symlink("nowhere", "dangling") == 0);
    MUST(mkfifo("fifo", 0755) == 0);
    try("missing", "./missing");
    try("empty path", "");
    try("no execute bit", "./plain");
    try("directory", "./dir");
    try("directory with slash", "./dir/");
    try("file with slash", "./magic/");
    try("file as directory", "./plain/x");
    try("missing directory", "./none/x");
    try("symlink loop", "./loop");
    try("dangling symlink", "./dangling");
    try("fifo", "./fifo");
    try("device", "/dev/null");
    try("empty file", "./empty");
    try("four bytes of ELF", "./magic");
    try("one hash", "./short");
    try("long name", longname);
    try("long path", longpath);
    try("NULL path", NULL);
    try("bad path", (char *)8);
    show("bad argv", syscall(SYS_execve, "/proc/self/exe", 8, NULL));
    char *bad[] = {"x", (char *)8, NULL};
    show("bad argument", syscall(SYS_execve, "/proc/self/exe", bad, NULL));
    show("bad envp", syscall(SYS_execve, "/proc/self/exe", NULL, 8));
}
