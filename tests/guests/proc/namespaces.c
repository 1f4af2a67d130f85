// /proc/PID/ns: links that are opened, compared, asked about (NS_GET_*) and entered (setns).
#include "../guest.h"
#include <linux/nsfs.h>
#include <sys/ioctl.h>

static const char *names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

static int opened(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    MUST(fd >= 0);
    return fd;
}

static void links(void) {
    for (int i = 0; i < 8; i++) {
        char path[64], one[64] = {0}, two[64] = {0};
        struct stat a, b, link;
        int fd = opened(names[i]);
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        MUST(readlink(path, one, 63) > 0 && stat(path, &a) == 0 && lstat(path, &link) == 0 && fstat(fd, &b) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        MUST(readlink(path, two, 63) > 0);
        say("%s %o %o %d", names[i], link.st_mode & S_IFMT, b.st_mode, (int)b.st_size);
        yes("called the same", !strcmp(one, two));
        yes("one inode", a.st_ino == b.st_ino && strtoul(strchr(one, '[') + 1, NULL, 10) == b.st_ino);
        close(fd);
    }
}

int main(void) {
    links();
    char byte;
    int user = opened("user"), uts = opened("uts"), pid = opened("pid"), other;
    show("read", read(uts, &byte, 1));
    show("kind", ioctl(uts, NS_GET_NSTYPE));
    show("parent of one that has none", ioctl(uts, NS_GET_PARENT));
    show("owner's id of what has no owner", ioctl(uts, NS_GET_OWNER_UID, &other));
    show("owner's id, nowhere to put it", ioctl(user, NS_GET_OWNER_UID, NULL));
    show("unknown", ioctl(uts, 0x1234));
    int owner = ioctl(uts, NS_GET_USERNS);
    struct stat a, b;
    yes("the owner is the user namespace", fstat(owner, &a) == 0 && fstat(user, &b) == 0 && a.st_ino == b.st_ino);
    show("closed on exec", fcntl(owner, F_GETFD));
    show("no descriptor", syscall(SYS_setns, -1, 0));
    int file = open("file", O_CREAT | O_RDWR, 0600);
    show("a file", syscall(SYS_setns, file, 0));
    show("another kind", syscall(SYS_setns, uts, CLONE_NEWIPC));
    show("the user namespace again", syscall(SYS_setns, user, 0));
    int self = syscall(SYS_pidfd_open, getpid(), 0);
    show("no kind of a process", syscall(SYS_setns, self, 0));
    show("unknown kind of a process", syscall(SYS_setns, self, 1));
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0) MUST(setresuid(1000, 1000, 1000) == 0);
        show("not allowed", syscall(SYS_setns, uts, 0));
        show("nor this", syscall(SYS_setns, pid, CLONE_NEWPID));
        _exit(0);
    }
    reap("child", child);
}
