// /proc/self/status and stat: ids, state, threads, signals, field counts, against the calls.
#include "../guest.h"
#include <pthread.h>

static char text[8192];
static const char *field(const char *name) {
    static char value[256];
    char *p = text;
    size_t n = strlen(name);
    while (p && *p) {
        if (strncmp(p, name, n) == 0 && p[n] == ':') {
            sscanf(p + n + 1, "%*[ \t]%255[^\n]", value);
            return value;
        }
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    return "(none)";
}
static void load(const char *path) {
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
}
static void *idle(void *arg) {
    gate_wait(arg);
    return NULL;
}
static void handler(int sig) { (void)sig; }

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    signal(SIGUSR2, handler);
    signal(SIGHUP, SIG_IGN);
    gate_t g;
    gate_init(&g);
    pthread_t t;
    pthread_create(&t, NULL, idle, &g);
    load("/proc/self/status");
    yes("Pid", atoi(field("Pid")) == getpid());
    yes("Tgid", atoi(field("Tgid")) == getpid());
    yes("PPid", atoi(field("PPid")) == getppid());
    say("State %c", field("State")[0]);
    say("Threads %s", field("Threads"));
    unsigned u[4];
    yes("Uid", sscanf(field("Uid"), "%u %u %u %u", u, u + 1, u + 2, u + 3) == 4 && u[0] == getuid() && u[1] == geteuid());
    yes("Gid", sscanf(field("Gid"), "%u", u) == 1 && u[0] == getgid());
    say("SigBlk bit %d", (int)(strtoull(field("SigBlk"), NULL, 16) >> (SIGUSR1 - 1) & 1));
    say("pending bit %d", (int)((strtoull(field("SigPnd"), NULL, 16) | strtoull(field("ShdPnd"), NULL, 16)) >> (SIGUSR1 - 1) & 1));
    say("SigCgt bit %d", (int)(strtoull(field("SigCgt"), NULL, 16) >> (SIGUSR2 - 1) & 1));
    say("SigIgn bit %d", (int)(strtoull(field("SigIgn"), NULL, 16) >> (SIGHUP - 1) & 1));
    yes("VmRSS", atoi(field("VmRSS")) > 0);
    yes("VmSize is larger", atoi(field("VmSize")) >= atoi(field("VmRSS")));
    say("NoNewPrivs is a bit %d", field("NoNewPrivs")[0] == '0' || field("NoNewPrivs")[0] == '1');
    load("/proc/self/stat");
    int fields = 2;
    for (char *p = strrchr(text, ')'); p && *p; p++) fields += *p == ' ';
    say("stat has %d fields", fields);
    int pid, ppid, pgrp, sid;
    char state;
    sscanf(text, "%d", &pid);
    sscanf(strrchr(text, ')') + 2, "%c %d %d %d", &state, &ppid, &pgrp, &sid);
    say("stat: %d %c %d %d %d", pid == getpid(), state, ppid == getppid(), pgrp == getpgrp(), sid == getsid(0));
    load("/proc/self/statm");
    int n = 0;
    for (char *p = text; *p; p++) n += *p == ' ';
    say("statm has %d fields", n + 1);
    gate_open(&g);
    pthread_join(t, NULL);
}
