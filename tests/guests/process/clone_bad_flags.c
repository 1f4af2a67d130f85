// Flag combinations that clone refuses.
#include "../guest.h"

static void try(const char *what, unsigned long flags) {
    long rc = syscall(SYS_clone, flags, NULL, NULL, NULL, 0L);
    if (rc == 0) _exit(77);
    if (rc > 0) {
        waitpid(rc, NULL, __WALL);
        rc = 0;
    }
    show(what, rc);
}

int main(void) {
    try("SIGHAND without VM", CLONE_SIGHAND | SIGCHLD);
    try("THREAD without SIGHAND", CLONE_THREAD | CLONE_VM | SIGCHLD);
    try("THREAD and SIGHAND without VM", CLONE_THREAD | CLONE_SIGHAND | SIGCHLD);
    try("FS with NEWNS", CLONE_FS | CLONE_NEWNS | SIGCHLD);
    try("FS with NEWUSER", CLONE_FS | CLONE_NEWUSER | SIGCHLD);
    try("PIDFD with PARENT_SETTID", CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD);
    try("PIDFD with DETACHED", CLONE_PIDFD | CLONE_DETACHED | SIGCHLD);
    try("DETACHED alone is ignored", CLONE_DETACHED | SIGCHLD);
    try("UNTRACED alone is accepted", CLONE_UNTRACED | SIGCHLD);
    try("SYSVSEM alone is accepted", CLONE_SYSVSEM | SIGCHLD);
    try("no flags, no signal", 0);
    try("plain", SIGCHLD);
}
