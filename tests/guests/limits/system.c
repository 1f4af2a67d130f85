// uname, sysinfo, sched_*, getcpu, getrandom, membarrier-free basics: sane values and errors.
#include "../guest.h"
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

int main(void) {
    struct utsname u;
    show("uname", uname(&u));
    say("sysname %s, machine %s, others set %d", u.sysname, u.machine, u.nodename[0] && u.release[0] && u.version[0]);
    int major = atoi(u.release);
    yes("release is a number", major >= 4);
    show("uname bad pointer", syscall(SYS_uname, (void *)8));
    char host[65] = {0};
    gethostname(host, 64);
    yes("gethostname is the node name", strcmp(host, u.nodename) == 0);
    struct sysinfo si;
    show("sysinfo", sysinfo(&si));
    yes("memory", si.totalram > 0 && si.freeram <= si.totalram && si.mem_unit > 0);
    yes("processes and uptime", si.procs > 0 && si.uptime > 0);
    cpu_set_t set;
    show("affinity", sched_getaffinity(0, sizeof set, &set));
    int n = CPU_COUNT(&set);
    yes("processors", n > 0 && n <= sysconf(_SC_NPROCESSORS_CONF));
    show("set the same", sched_setaffinity(0, sizeof set, &set));
    yes("raw call returns a size", syscall(SYS_sched_getaffinity, 0, sizeof set, &set) > 0);
    show("raw size 3", syscall(SYS_sched_getaffinity, 0, 3, &set));
    show("affinity of nobody", sched_getaffinity(0x3fffff, sizeof set, &set));
    unsigned cpu = ~0u, node = ~0u;
    show("getcpu", syscall(SYS_getcpu, &cpu, &node, NULL));
    yes("plausible", cpu < 8192 && node < 1024);
    show("yield", sched_yield());
    show("policy", sched_getscheduler(0));
    show("max of FIFO", sched_get_priority_max(SCHED_FIFO));
    show("min of unknown", sched_get_priority_min(99));
    unsigned char b[300] = {0};
    int sum = 0;
    show("getrandom", getrandom(b, sizeof b, 0));
    for (int i = 0; i < 300; i++) sum += b[i] != 0;
    yes("random enough", sum > 200);
    show("nonblock and random", getrandom(b, 16, GRND_NONBLOCK | GRND_RANDOM));
    show("unknown flag", getrandom(b, 16, 0x100));
    show("both", getrandom(b, 16, GRND_INSECURE | GRND_RANDOM));
    show("bad pointer", syscall(SYS_getrandom, 8, 16, 0));
    show("length 0", getrandom(b, 0, 0));
}
