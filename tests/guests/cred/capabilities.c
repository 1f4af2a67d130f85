// capget and capset: versions, errors, losing capabilities with the user id, keeping them with PR_SET_KEEPCAPS.
#include "../guest.h"
#include <linux/capability.h>
#include <sys/prctl.h>

static unsigned effective(void) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {0};
    syscall(SYS_capget, &h, d);
    return d[0].effective;
}

int main(void) {
    struct __user_cap_header_struct h = {0, 0};
    struct __user_cap_data_struct d[2];
    show("unknown version", syscall(SYS_capget, &h, d));
    say("preferred %x", h.version);
    h.version = 0;
    show("unknown version, no data", syscall(SYS_capget, &h, NULL));
    h = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, -1};
    show("negative pid", syscall(SYS_capget, &h, d));
    h.pid = 0x3fffff;
    show("no such process", syscall(SYS_capget, &h, d));
    h.pid = getpid();
    show("ourselves", syscall(SYS_capget, &h, d));
    yes("effective is within permitted", (d[0].effective & ~d[0].permitted) == 0);
    yes("root has CAP_CHOWN, others have not", (geteuid() == 0) == (effective() & 1));
    h.pid = 0;
    show("set the same", syscall(SYS_capset, &h, d));
    pid_t pid = fork();
    if (pid == 0) {
        memset(d, 0, sizeof d);
        show("drop all", syscall(SYS_capset, &h, d));
        d[0].permitted = d[0].effective = 1;
        show("take one back", syscall(SYS_capset, &h, d));
        show("bounding set", prctl(PR_CAPBSET_READ, 63));
        show("securebits", prctl(PR_GET_SECUREBITS));
        show("keepcaps", prctl(PR_GET_KEEPCAPS));
        show("keepcaps 2", prctl(PR_SET_KEEPCAPS, 2));
        _exit(0);
    }
    reap("child", pid);
    if (geteuid() == 0 && (pid = fork()) == 0) {
        MUST(setresuid(1000, 1000, 1000) == 0);
        say("capabilities after setresuid %x", effective());
        _exit(0);
    } else if (geteuid() == 0)
        reap("former root", pid);
}
