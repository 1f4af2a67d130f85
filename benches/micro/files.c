// Rows of files: in the work area, which is in memory, and of a file that the host has.
#include "micro.h"
#include <sys/stat.h>

static char path[4200];
static int fd = -1;

static const char *in_work(const char *name) {
    static char full[4200];
    snprintf(full, sizeof full, "%s/%s", work_dir, name);
    return full;
}

static void fill(size_t size) {
    strcpy(path, in_work("file"));
    fd = (int)must(open(path, O_RDWR | O_CREAT | O_EXCL, 0600), "create");
    memset(data, 'x', sizeof data);
    for (size_t done = 0; done < size; done += sizeof data) must(write(fd, data, sizeof data), "write");
    must(lseek(fd, 0, SEEK_SET), "lseek");
}
static void small_start(void) {
    fill(1);
}
static void big_start(void) {
    fill(1 << 20);
}
static void clean(void) {
    close(fd);
    unlink(path);
}

static void stat_run(long n) {
    struct stat st;
    while (n--) must(stat(path, &st), "stat");
}
static void open_run(long n) {
    while (n--) must(close((int)must(open(path, O_RDONLY), "open")), "close");
}
static void fstat_run(long n) {
    struct stat st;
    while (n--) must(fstat(fd, &st), "fstat");
}
// One byte each, from a file that is long enough for most batches.
static void read1_run(long n) {
    while (n--) {
        ssize_t got = read(fd, data, 1);
        if (got == 0) must(lseek(fd, 0, SEEK_SET), "lseek");
        else must(got, "read");
    }
}
static void pread_run(long n) {
    while (n--)
        if (pread(fd, data, 4096, (n % 256) * 4096) != 4096) die("pread");
}
static void pwrite_run(long n) {
    while (n--)
        if (pwrite(fd, data, 4096, (n % 256) * 4096) != 4096) die("pwrite");
}
static void read64k_run(long n) {
    while (n--) {
        ssize_t got = must(read(fd, data, sizeof data), "read");
        if (got == 0) must(lseek(fd, 0, SEEK_SET), "lseek"), n++;
    }
}

static void create_start(void) {
    strcpy(path, in_work("new"));
}
static void create_run(long n) {
    while (n--) {
        must(close((int)must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), "create")), "close");
        must(unlink(path), "unlink");
    }
}

static void entry_name(char *name, int i) {
    sprintf(name, "%s/entry-number-%d", in_work("dir"), i);
}
static void dir_start(void) {
    char name[4300];
    strcpy(path, in_work("dir"));
    must(mkdir(path, 0700), "mkdir");
    for (int i = 0; i < 100; i++) {
        entry_name(name, i);
        must(close((int)must(open(name, O_WRONLY | O_CREAT, 0600), "create")), "close");
    }
    fd = (int)must(open(path, O_RDONLY | O_DIRECTORY), "open");
}
static void dir_run(long n) {
    while (n--) {
        long got, all = 0;
        must(lseek(fd, 0, SEEK_SET), "lseek");
        while ((got = must(syscall(SYS_getdents64, fd, data, 32768), "getdents64")) > 0) all += got;
        if (all < 100 * 32) die("getdents64 left entries out");
    }
}
static void dir_stop(void) {
    char name[4300];
    close(fd);
    for (int i = 0; i < 100; i++) {
        entry_name(name, i);
        unlink(name);
    }
    rmdir(path);
}

// The host's file: one of 16 MiB, in the host's page cache.
static void host_start(void) {
    snprintf(path, sizeof path, "%s", host_file);
    fd = (int)must(open(path, O_RDONLY), "open");
}
static void host_stop(void) {
    close(fd);
}

const struct row file_rows[] = {
    {"stat", small_start, stat_run, clean},
    {"open_close", small_start, open_run, clean},
    {"fstat", small_start, fstat_run, clean},
    {"read_1", big_start, read1_run, clean},
    {"pread_4k", big_start, pread_run, clean},
    {"pwrite_4k", big_start, pwrite_run, clean},
    {"read_64k", big_start, read64k_run, clean},
    {"create_unlink", create_start, create_run, NULL},
    {"getdents_100", dir_start, dir_run, dir_stop},
    {"host_stat", host_start, stat_run, host_stop},
    {"host_open_close", host_start, open_run, host_stop},
    {"host_pread_4k", host_start, pread_run, host_stop},
    {"host_read_64k", host_start, read64k_run, host_stop},
    {0},
};
