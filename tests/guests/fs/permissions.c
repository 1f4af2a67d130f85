// An ordinary user against modes: search, read, write, delete, sticky directories, chmod and chown of others' files. Only root can become one: elsewhere nothing is printed.
#include "../guest.h"

// Descriptor numbers do not matter here.
static void line(const char *what, int rc) { show(what, rc >= 0 ? 0 : -1); }

int main(void) {
    if (geteuid() != 0) return 0; // both runs are by the same user, so both print nothing
    umask(0);
    chmod(".", 0777);
    put_file("mine", "secret");
    chmod("mine", 0600);
    put_file("readable", "text");
    chmod("readable", 0644);
    mkdir("noexec", 0766), mkdir("noread", 0711), mkdir("sticky", 01777), mkdir("open", 0777);
    put_file("noexec/f", ""), put_file("noread/f", ""), put_file("sticky/f", ""), put_file("open/f", "");
    chmod("sticky/f", 0666);
    put_file("grp", "");
    chmod("grp", 0060);
    pid_t pid = fork();
    if (pid == 0) {
        MUST(setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0);
        line("read 0600", open("mine", O_RDONLY));
        line("read 0644", open("readable", O_RDONLY));
        line("write 0644", open("readable", O_WRONLY));
        line("group's file by others", open("grp", O_RDONLY));
        line("stat without search", access("noexec/f", F_OK));
        line("list with read only", open("noexec", O_RDONLY));
        line("open by name without read", open("noread/f", O_RDONLY));
        line("list without read", open("noread", O_RDONLY));
        line("delete from a sticky one", unlink("sticky/f"));
        line("rename in a sticky one", rename("sticky/f", "sticky/g"));
        line("write into it", open("sticky/f", O_WRONLY | O_TRUNC));
        line("own file there", open("sticky/own", O_CREAT | O_WRONLY, 0600));
        line("delete it", unlink("sticky/own"));
        line("delete from an open one", unlink("open/f"));
        line("chmod", chmod("readable", 0666));
        line("chown", chown("readable", 1234, -1));
        line("utimes now", utimensat(AT_FDCWD, "readable", NULL, 0));
        line("access says no", access("mine", R_OK));
        line("create", open("own", O_CREAT | O_WRONLY, 04777));
        line("give away", chown("own", 0, -1));
        line("link to another's file", linkat(AT_FDCWD, "own", AT_FDCWD, "own2", 0));
        line("mknod of a device", mknod("dev", S_IFCHR | 0600, 0x103));
        line("chroot", chroot("open"));
        _exit(0);
    }
    reap("user", pid);
    struct stat st;
    stat("own", &st);
    say("new file: owner %d, group %d, mode %04o", (int)st.st_uid, (int)st.st_gid, st.st_mode & 07777);
}
