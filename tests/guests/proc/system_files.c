// The system's own files in /proc: present, in the expected form, consistent with the calls.
#include "../guest.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static char b[65536];
static const char *slurp(const char *path) {
    int fd = open(path, O_RDONLY);
    ssize_t n = 0, k;
    while (fd >= 0 && n < (ssize_t)sizeof b - 1 && (k = read(fd, b + n, sizeof b - 1 - n)) > 0) n += k;
    b[n] = 0;
    close(fd);
    return b;
}

int main(void) {
    struct utsname u;
    uname(&u);
    yes("version", strncmp(slurp("/proc/version"), "Linux version ", 14) == 0);
    yes("osrelease", strncmp(slurp("/proc/sys/kernel/osrelease"), u.release, strlen(u.release)) == 0);
    yes("hostname", strncmp(slurp("/proc/sys/kernel/hostname"), u.nodename, strlen(u.nodename)) == 0);
    unsigned long total = 0, avail = 0;
    yes("meminfo", sscanf(slurp("/proc/meminfo"), "MemTotal: %lu kB", &total) == 1 && total > 1000);
    yes("MemAvailable", strstr(b, "\nMemAvailable:") && sscanf(strstr(b, "\nMemAvailable:"), "\nMemAvailable: %lu", &avail) == 1 && avail <= total);
    int cpus = 0;
    slurp("/proc/cpuinfo");
    for (char *p = b; (p = strstr(p, "processor\t:")); p++) cpus++;
    yes("cpuinfo has processors", cpus > 0);
    double up, idle;
    yes("uptime", sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up > 0);
    int run, all, last;
    double l[3];
    yes("loadavg", sscanf(slurp("/proc/loadavg"), "%lf %lf %lf %d/%d %d", l, l + 1, l + 2, &run, &all, &last) == 6 && all >= 1);
    slurp("/proc/stat");
    yes("stat", strncmp(b, "cpu ", 4) == 0 && strstr(b, "\nbtime ") && strstr(b, "\nctxt "));
    yes("mounts has a root", strstr(slurp("/proc/mounts"), " / ") != NULL);
    yes("mounts has proc", strstr(b, " /proc proc ") != NULL);
    yes("self/mounts", strstr(slurp("/proc/self/mounts"), " / ") != NULL);
    yes("self/mountinfo", strstr(slurp("/proc/self/mountinfo"), " / ") != NULL);
    yes("filesystems", strstr(slurp("/proc/filesystems"), "tmpfs") != NULL);
    yes("limits", strstr(slurp("/proc/self/limits"), "Max open files") != NULL);
    yes("pid_max", atoi(slurp("/proc/sys/kernel/pid_max")) >= 32768);
    yes("random uuid", strlen(slurp("/proc/sys/kernel/random/uuid")) == 37 && b[8] == '-');
    yes("oom_score_adj", strchr(slurp("/proc/self/oom_score_adj"), '\n') != NULL);
    yes("the file size is 0", access("/proc/meminfo", R_OK) == 0);
    struct stat st;
    stat("/proc/meminfo", &st);
    say("stat size %d", (int)st.st_size);
    char c[3] = {0};
    int fd = open("/proc/version", O_RDONLY);
    lseek(fd, 6, SEEK_SET);
    MUST(read(fd, c, 2) == 2);
    say("after a seek: %s", c);
}
