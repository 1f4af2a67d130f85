// The identity calls agree with each other; setting what one already is succeeds; getgroups sizes.
#include "../guest.h"
#include <grp.h>
#include <sys/fsuid.h>

int main(void) {
    uid_t r, e, s;
    gid_t gr, ge, gs, list[256];
    show("getresuid", getresuid(&r, &e, &s));
    show("getresgid", getresgid(&gr, &ge, &gs));
    CHECK(r == getuid() && e == geteuid() && gr == getgid() && ge == getegid());
    show("setuid to itself", setuid(getuid()));
    show("setreuid -1", setreuid(-1, -1));
    show("setresuid -1", setresuid(-1, -1, -1));
    show("setresgid itself", setresgid(gr, ge, gs));
    CHECK(setfsuid(-1) == (int)e && setfsgid(-1) == (int)ge);
    int n = getgroups(0, NULL);
    CHECK(n >= 0 && getgroups(256, list) == n);
    show("getgroups negative", syscall(SYS_getgroups, -1, list));
    if (n > 1) CHECK(getgroups(1, list) == -1 && errno == EINVAL);
    pid_t pid = fork();
    if (pid == 0) _exit(getuid() == r && geteuid() == e && getgid() == gr);
    reap("a child has the same", pid);
    struct stat st;
    put_file("f", "");
    stat("f", &st);
    CHECK(st.st_uid == e);
    show("setuid(-1)", setuid(-1));
    show("setgid(-1)", setgid(-1));
}
