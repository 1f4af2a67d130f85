// Keys and keyrings: adding, finding, reading, linking, permissions, revoking, and what is not there.
#include "../guest.h"
#include <linux/keyctl.h>

typedef int key;
static key add(const char *type, const char *name, const void *data, size_t n, key ring) {
    return syscall(SYS_add_key, type, name, data, n, ring);
}
static key request(const char *type, const char *name, const char *info, key ring) {
    return syscall(SYS_request_key, type, name, info, ring);
}
static long ctl(int op, long a, long b, long c, long d) { return syscall(SYS_keyctl, op, a, b, c, d); }

int main(void) {
    char buf[128] = "";
    key thread = ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1, 0, 0);
    yes("a thread keyring", thread > 0);
    yes("a new session", ctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0);
    key k = add("user", "desc", "secret", 6, KEY_SPEC_THREAD_KEYRING);
    yes("a key", k > 0);
    long n = ctl(KEYCTL_READ, k, (long)buf, sizeof buf, 0);
    say("read %ld: %.6s", n, buf);
    yes("the same name is the same key", add("user", "desc", "other", 5, KEY_SPEC_THREAD_KEYRING) == k);
    n = ctl(KEYCTL_READ, k, (long)buf, 2, 0);
    say("a small buffer: %ld, nothing written: %.5s", n, buf);
    yes("request", request("user", "desc", NULL, 0) == k);
    show("request what is not there", request("user", "nothing", NULL, 0));
    key ring = add("keyring", "ring", NULL, 0, KEY_SPEC_SESSION_KEYRING);
    yes("a keyring", ring > 0);
    show("with a payload", add("keyring", "ring2", "x", 1, KEY_SPEC_SESSION_KEYRING));
    show("link", ctl(KEYCTL_LINK, k, ring, 0, 0));
    yes("search", ctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, (long)"user", (long)"desc", 0) == k);
    show("link a ring to itself", ctl(KEYCTL_LINK, ring, ring, 0, 0));
    show("link to a key", ctl(KEYCTL_LINK, ring, k, 0, 0));
    show("unlink", ctl(KEYCTL_UNLINK, k, ring, 0, 0));
    show("unlink again", ctl(KEYCTL_UNLINK, k, ring, 0, 0));
    show("type", add("nosuchtype", "d", "x", 1, KEY_SPEC_THREAD_KEYRING));
    show("type with a dot", add(".user", "d", "x", 1, KEY_SPEC_THREAD_KEYRING));
    show("no payload", add("user", "d", NULL, 0, KEY_SPEC_THREAD_KEYRING));
    show("bad payload", add("user", "d", NULL, 4, KEY_SPEC_THREAD_KEYRING));
    show("logon without a service", add("logon", "d", "x", 1, KEY_SPEC_THREAD_KEYRING));
    key l = add("logon", "s:d", "x", 1, KEY_SPEC_THREAD_KEYRING);
    show("read a logon key", ctl(KEYCTL_READ, l, (long)buf, sizeof buf, 0));
    n = ctl(KEYCTL_DESCRIBE, k, (long)buf, sizeof buf, 0);
    yes("described", n == (long)strlen(buf) + 1 && !strncmp(buf, "user;", 5) && strstr(buf, ";3f010000;desc"));
    show("set permissions", ctl(KEYCTL_SETPERM, k, 0x3b000000, 0, 0));
    show("update without the right", ctl(KEYCTL_UPDATE, k, (long)"x", 1, 0));
    show("unknown permissions", ctl(KEYCTL_SETPERM, k, 0x40000000, 0, 0));
    show("revoke", ctl(KEYCTL_REVOKE, k, 0, 0, 0));
    show("read a revoked key", ctl(KEYCTL_READ, k, (long)buf, sizeof buf, 0));
    show("no such key", ctl(KEYCTL_READ, 0x7ffffff0, (long)buf, sizeof buf, 0));
    show("no such special key", ctl(KEYCTL_READ, -99, (long)buf, sizeof buf, 0));
    show("no such operation", ctl(999, 0, 0, 0, 0));
    pid_t pid = fork();
    if (pid == 0) {
        show("a child has no thread keyring", ctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 0, 0, 0));
        yes("but the session's", ctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, (long)"keyring", (long)"ring", 0) == ring);
        _exit(0);
    }
    reap("child", pid);
    return 0;
}
