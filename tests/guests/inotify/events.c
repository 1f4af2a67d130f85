// inotify: what each change of a watched directory and file reports, in order; masks, one shot, removal, errors.
#include "../guest.h"
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static int in;
static uint32_t first_cookie;

static void events(const char *what) {
    char buf[8192] __attribute__((aligned(8)));
    static const char *const names[] = {"ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM", "MOVED_TO",
                                        "CREATE", "DELETE", "DELETE_SELF", "MOVE_SELF"};
    long n = read(in, buf, sizeof buf);
    say("%s:%s", what, n < 0 ? " none" : "");
    for (long at = 0; at < n;) {
        struct inotify_event *e = (void *)(buf + at);
        char text[256] = "";
        for (int i = 0; i < 12; i++)
            if (e->mask >> i & 1) strcat(strcat(text, " "), names[i]);
        if (e->mask & IN_ISDIR) strcat(text, " (directory)");
        if (e->mask & IN_IGNORED) strcat(text, " IGNORED");
        if (e->cookie && !first_cookie) first_cookie = e->cookie;
        say("  %d%s%s%s%s", e->wd, text, e->len ? " " : "", e->len ? e->name : "", e->cookie ? e->cookie == first_cookie ? ", cookie" : ", other cookie" : "");
        at += sizeof *e + e->len;
    }
}

int main(void) {
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    yes("made", in >= 0);
    MUST(mkdir("d", 0755) == 0);
    show("watch the directory", inotify_add_watch(in, "d", IN_ALL_EVENTS));
    events("nothing");
    int fd = open("d/f", O_RDWR | O_CREAT, 0644);
    events("create");
    MUST(write(fd, "hello", 5) == 5);
    events("write");
    char b[8];
    MUST(pread(fd, b, 5, 0) == 5);
    events("read");
    show("watch the file", inotify_add_watch(in, "d/f", IN_ALL_EVENTS));
    ftruncate(fd, 2);
    events("truncate");
    fchmod(fd, 0600);
    events("chmod");
    close(fd);
    events("close");
    close(open("d/f", O_RDONLY));
    events("open to read");
    rename("d/f", "d/g");
    events("rename");
    link("d/g", "d/h");
    events("link");
    unlink("d/h");
    events("unlink one name");
    mkdir("d/sub", 0755);
    symlink("x", "d/s");
    events("mkdir, symlink");
    rename("d/g", "away");
    first_cookie = 0;
    events("move away");
    rmdir("d/sub");
    unlink("d/s");
    events("rmdir, unlink");
    struct pollfd p = {in, POLLIN, 0};
    show("poll", poll(&p, 1, 0));
    unlink("away");
    show("poll", poll(&p, 1, 0));
    int size;
    show("FIONREAD", ioctl(in, FIONREAD, &size));
    say("%d bytes", size);
    show("too small", read(in, b, 8));
    events("unlink the file");
    show("the same watch", inotify_add_watch(in, "d", IN_CREATE));
    mknod("d/n", S_IFREG | 0600, 0);
    unlink("d/n");
    events("only creations");
    show("add to it", inotify_add_watch(in, "d", IN_DELETE | IN_MASK_ADD));
    mknod("d/n", S_IFREG | 0600, 0);
    unlink("d/n");
    events("deletions, too");
    show("one shot", inotify_add_watch(in, "d", IN_CREATE | IN_ONESHOT));
    mknod("d/n", S_IFREG | 0600, 0);
    mknod("d/m", S_IFREG | 0600, 0);
    events("one");
    int wd = inotify_add_watch(in, "d", IN_ALL_EVENTS);
    say("a new watch %d", wd);
    show("remove", inotify_rm_watch(in, wd));
    show("again", inotify_rm_watch(in, wd));
    events("removed");
    show("no mask", inotify_add_watch(in, "d", 0));
    show("no file", inotify_add_watch(in, "nothing", IN_CREATE));
    show("only directories", inotify_add_watch(in, "d/n", IN_CREATE | IN_ONLYDIR));
    show("not an inotify", inotify_add_watch(1, "d", IN_CREATE));
    show("flags", inotify_init1(1));
    show("closed", inotify_rm_watch(99, 1));
}
