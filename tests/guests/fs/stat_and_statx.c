// stat, lstat, fstatat, statx: types, sizes, AT_EMPTY_PATH, masks, agreement among them, errors.
#include "../guest.h"

int main(void) {
    umask(022);
    put_file("f", "12345");
    MUST(symlink("f", "l") == 0 && mkdir("d", 0700) == 0 && mkfifo("p", 0640) == 0);
    struct stat st, st2;
    struct statx sx;
    static const char *const names[] = {"f", "l", "d", "p", "/dev/null"};
    for (int i = 0; i < 5; i++) {
        MUST(lstat(names[i], &st) == 0);
        MUST(statx(AT_FDCWD, names[i], AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx) == 0);
        say("%s: type %o, mode %04o, statx agrees %d", names[i], st.st_mode >> 12, S_ISLNK(st.st_mode) ? 0777 : st.st_mode & 07777,
            sx.stx_mode == st.st_mode && sx.stx_ino == st.st_ino && sx.stx_size == (unsigned long)st.st_size && sx.stx_nlink == st.st_nlink &&
                sx.stx_mtime.tv_sec == st.st_mtim.tv_sec && sx.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
    }
    stat("/dev/null", &st);
    say("/dev/null is %d:%d", (int)(st.st_rdev >> 8), (int)(st.st_rdev & 0xff));
    stat("f", &st);
    say("size %d, blocks > 0 %d, blksize %d", (int)st.st_size, st.st_blocks > 0, (int)st.st_blksize);
    yes("owner is us", st.st_uid == geteuid() && st.st_gid == getegid());
    int fd = open("f", O_RDONLY), dir = open("d", O_RDONLY);
    show("fstatat empty path", fstatat(fd, "", &st2, AT_EMPTY_PATH));
    yes("same file", st.st_ino == st2.st_ino);
    show("fstatat empty path without flag", fstatat(fd, "", &st2, 0));
    show("fstatat below", fstatat(dir, "../f", &st2, 0));
    show("fstatat of a file's child", fstatat(fd, "x", &st2, 0));
    show("fstatat bad flag", fstatat(fd, "f", &st2, 0x1));
    show("statx basic mask", statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
    yes("size is there", (sx.stx_mask & STATX_SIZE) && sx.stx_size == 5);
    show("statx reserved mask", statx(fd, "", AT_EMPTY_PATH, 0x80000000, &sx));
    show("statx both syncs", statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
    show("statx missing", statx(AT_FDCWD, "m", 0, STATX_SIZE, &sx));
    show("stat NULL", syscall(SYS_stat, NULL, &st));
    show("stat to NULL", syscall(SYS_stat, "f", NULL));
}
