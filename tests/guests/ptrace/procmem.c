// /proc/PID/mem: one's own memory and a stopped tracee's, read and written whatever their protection.
#include "tracer.h"

static char text[3 * 4096] = "abc";
static const char constant[] = "constant";

static void body(void) {
    say("text %s %c %c", text, text[4096], text[2 * 4096 + 5]);
    say("constant %s", constant);
}

static int mem_of(pid_t pid, int flags) {
    char name[32];
    snprintf(name, sizeof name, "/proc/%d/mem", pid);
    return open(name, flags);
}

int main(void) {
    char buf[3 * 4096];
    int own = mem_of(getpid(), O_RDWR);
    show_ok("open", own);
    show("pread", pread(own, buf, 3, (off_t)(uintptr_t)text));
    say("%.3s", buf);
    show("pwrite", pwrite(own, "xyz", 3, (off_t)(uintptr_t)text));
    show("pwrite constant", pwrite(own, "C", 1, (off_t)(uintptr_t)constant));
    say("%s %s", text, constant);
    show("nowhere", pread(own, buf, 8, 16));
    show_ok("lseek", lseek(own, (off_t)(uintptr_t)constant, SEEK_SET));
    show("read", read(own, buf, 4));
    show("read on", read(own, buf + 4, 5));
    say("%s", buf);
    void *volatile bad = (void *)8;
    show("bad buffer", pread(own, bad, 8, (off_t)(uintptr_t)text));
    pid_t pid = tracee(body);
    int fd = mem_of(pid, O_RDWR);
    show_ok("open", fd);
    show("pread", pread(fd, buf, sizeof buf, (off_t)(uintptr_t)text));
    memset(buf, 'q', sizeof buf);
    buf[3] = 0;
    show("pwrite", pwrite(fd, buf, sizeof buf, (off_t)(uintptr_t)text));
    show("pwrite constant", pwrite(fd, "K", 1, (off_t)(uintptr_t)constant));
    show("pread", pread(fd, buf, 8, (off_t)(uintptr_t)constant));
    say("%.8s", buf);
    show("nowhere", pread(fd, buf, 8, 16));
    show("write nowhere", pwrite(fd, buf, 8, 16));
    show_stop("end", go(PTRACE_CONT, pid, 0));
    show("pread of none", pread(fd, buf, 8, (off_t)(uintptr_t)constant));
    return 0;
}
