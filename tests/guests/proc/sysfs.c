// sysfs(2): kinds of file systems by name and number; LSM calls: refusals.
#include "../guest.h"

int main(void) {
    char name[64] = "";
    long at = syscall(SYS_sysfs, 1, "proc");
    yes("proc is known", at >= 0);
    show("its name", syscall(SYS_sysfs, 2, at, name));
    say("%s", name);
    yes("so many", syscall(SYS_sysfs, 3) > at);
    show("unknown", syscall(SYS_sysfs, 1, "nosuchfs"));
    show("number", syscall(SYS_sysfs, 2, 1000, name));
    show("bad name", syscall(SYS_sysfs, 1, 1L));
    show("bad buffer", syscall(SYS_sysfs, 2, at, 1L));
    show("option", syscall(SYS_sysfs, 9));
    return 0;
}
