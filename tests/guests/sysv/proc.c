// /proc/sysvipc lists the objects.
#include "../guest.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int listed(const char *path, int id, unsigned *mode) {
    char line[512];
    FILE *f = fopen(path, "r");
    MUST(f != NULL);
    int found = 0, key, its;
    unsigned m;
    MUST(fgets(line, sizeof line, f) != NULL);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%d %d %o", &key, &its, &m) == 3 && its == id) found = 1, *mode = m;
    fclose(f);
    return found;
}

int main(void) {
    int msg = msgget(IPC_PRIVATE, 0640), sem = semget(IPC_PRIVATE, 3, 0600), shm = shmget(IPC_PRIVATE, 4096, 0604);
    MUST(msg >= 0 && sem >= 0 && shm >= 0);
    unsigned mode = 0;
    yes("queue", listed("/proc/sysvipc/msg", msg, &mode));
    say("%o", mode);
    yes("set", listed("/proc/sysvipc/sem", sem, &mode));
    say("%o", mode);
    yes("segment", listed("/proc/sysvipc/shm", shm, &mode));
    say("%o", mode);
    MUST(msgctl(msg, IPC_RMID, NULL) == 0 && semctl(sem, 0, IPC_RMID) == 0 && shmctl(shm, IPC_RMID, NULL) == 0);
    // What nobody may read is listed all the same.
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0) MUST(setresuid(1000, 1000, 1000) == 0);
        msg = msgget(IPC_PRIVATE, 0);
        yes("closed queue", listed("/proc/sysvipc/msg", msg, &mode));
        say("%o", mode);
        MUST(msgctl(msg, IPC_RMID, NULL) == 0);
        _exit(0);
    }
    reap("child", pid);
    yes("gone", !listed("/proc/sysvipc/msg", msg, &mode));
    return 0;
}
