// umask, chmod and its relatives, set-id and sticky bits, mode of new files and directories.
#include "../guest.h"

static void mode(const char *p) {
    struct stat st;
    MUST(stat(p, &st) == 0);
    say("%s %04o", p, st.st_mode & 07777);
}

int main(void) {
    umask(0);
    say("old umask %03o", umask(027));
    say("old umask %03o", umask(0777027));
    close(open("f", O_CREAT | O_WRONLY, 0777));
    mode("f");
    mkdir("d", 01777);
    mode("d");
    mkfifo("p", 0666);
    mode("p");
    close(open("zero", O_CREAT | O_WRONLY, 0));
    mode("zero");
    show("chmod", chmod("f", 04755));
    mode("f");
    show("fchmod", fchmod(open("f", O_RDONLY), 0640));
    mode("f");
    show("fchmodat", fchmodat(AT_FDCWD, "f", 01600, 0));
    mode("f");
    show("chmod bits above", chmod("f", 0170000 | 0644));
    mode("f");
    show("chmod missing", chmod("m", 0));
    show("chmod sticky directory", chmod("d", 01777));
    mode("d");
    MUST(symlink("f", "l") == 0);
    show("chmod follows", chmod("l", 0700));
    mode("f");
    show("chown nobody", chown("f", -1, -1));
    show("chown to ourselves", chown("f", geteuid(), getegid()));
    show("fchown", fchown(open("f", O_RDONLY), -1, -1));
    show("fchownat empty", fchownat(open("f", O_PATH), "", -1, -1, AT_EMPTY_PATH));
    show("fchownat bad flag", fchownat(AT_FDCWD, "f", -1, -1, 1));
    pid_t pid = fork();
    if (pid == 0) {
        say("umask inherited %03o", umask(077));
        _exit(0);
    }
    reap("child", pid);
    say("ours is unchanged %03o", umask(0));
}
