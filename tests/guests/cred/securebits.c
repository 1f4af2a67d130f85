// PR_SET_SECUREBITS: what user id 0 means for capabilities at setuid, execve and for the ambient set; bits that are locked.
#include "../guest.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#define NET_RAW 13

static void caps(const char *when) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {0};
    syscall(SYS_capget, &h, d);
    say("%s: permitted %d effective %d", when, d[0].permitted >> NET_RAW & 1, d[0].effective >> NET_RAW & 1);
}

// The capabilities go as far as the bit is about; what the host's root has differs, so one stands for all.
static void only(unsigned inheritable) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    unsigned kept = 1 << NET_RAW | 1 << CAP_SETPCAP | 1 << CAP_SETUID;
    struct __user_cap_data_struct d[2] = {{kept, kept, inheritable}, {0, 0, 0}};
    MUST(syscall(SYS_capset, &h, d) == 0);
}

static void child(void (*what)(void), const char *name) {
    pid_t pid = fork();
    if (pid == 0) {
        what();
        _exit(0);
    }
    reap(name, pid);
}

static void locks(void) {
    show("none", prctl(PR_GET_SECUREBITS));
    show("unknown bits", prctl(PR_SET_SECUREBITS, 1 << 12));
    show("keep, locked", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
    show("keepcaps", prctl(PR_GET_KEEPCAPS));
    show("not kept", prctl(PR_SET_KEEPCAPS, 0));
    show("unlocked", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS));
    show("cleared", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
    show("more", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT));
    show("now", prctl(PR_GET_SECUREBITS));
}

static void ambient(void) {
    only(1 << NET_RAW);
    show("no raise", prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE));
    show("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_RAW, 0, 0));
    show("lower", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, NET_RAW, 0, 0));
    show("may raise", prctl(PR_SET_SECUREBITS, 0));
    show("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_RAW, 0, 0));
}

static void setuid_fixup(void) {
    only(0);
    MUST(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == 0);
    MUST(setresuid(1000, 1000, 1000) == 0);
    caps("kept by a new user");
}

static void keep(void) {
    only(0);
    MUST(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS) == 0);
    MUST(setresuid(1000, 1000, 1000) == 0);
    caps("kept, but not in effect");
    execl("/proc/self/exe", "securebits", "again", NULL);
}

static void no_root(void) {
    only(0);
    MUST(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) == 0);
    caps("before");
    execl("/proc/self/exe", "securebits", "again", NULL);
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        caps("after execve");
        show("bits", prctl(PR_GET_SECUREBITS));
        return 0;
    }
    if (geteuid() != 0) {
        show("for others", prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
        return 0;
    }
    child(locks, "locks");
    child(ambient, "ambient");
    child(setuid_fixup, "setuid");
    child(keep, "keep");
    child(no_root, "noroot");
}
