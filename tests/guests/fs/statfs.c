// statfs and statvfs: the fields are plausible and agree by path and by descriptor; /proc and tmpfs magic numbers.
#include "../guest.h"
#include <sys/statfs.h>

int main(void) {
    struct statfs a, b;
    show("statfs", statfs(".", &a));
    show("fstatfs", fstatfs(open(".", O_RDONLY), &b));
    yes("same type and block size", a.f_type == b.f_type && a.f_bsize == b.f_bsize && a.f_bsize > 0);
    yes("free is not more than all", a.f_bfree <= a.f_blocks && a.f_bavail <= a.f_bfree);
    say("name length %d", (int)a.f_namelen);
    show("proc", statfs("/proc", &a));
    say("proc magic %lx", (long)a.f_type);
    show("missing", statfs("m", &a));
    show("closed", fstatfs(99, &a));
    int p[2];
    MUST(pipe(p) == 0);
    show("pipe", fstatfs(p[0], &a));
    say("pipe magic %lx", (long)a.f_type);
    show("bad pointer", syscall(SYS_statfs, ".", 8));
}
