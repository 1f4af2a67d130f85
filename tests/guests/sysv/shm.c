// System V shared memory: sharing over fork, attach counts, removal, addresses, permissions, errors.
#include "../guest.h"
#include <sys/shm.h>

static int attached(int id) {
    struct shmid_ds ds;
    return shmctl(id, IPC_STAT, &ds) == 0 ? (int)ds.shm_nattch : -1;
}

int main(void) {
    key_t key = 0x5000000 + getpid();
    show("no such key", shmget(key, 4096, 0));
    int id = shmget(key, 10000, IPC_CREAT | 0600);
    yes("made", id >= 0);
    show("exclusive", shmget(key, 10000, IPC_CREAT | IPC_EXCL | 0600));
    yes("found", shmget(key, 0, 0) == id);
    show("too large", shmget(key, 20000, 0));
    show("size 0", shmget(IPC_PRIVATE, 0, 0600));
    char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
    yes("two places", a != (void *)-1 && b != (void *)-1 && a != b);
    strcpy(a, "hello");
    say("other place: %s, attached %d", b, attached(id));
    pid_t pid = fork();
    if (pid == 0) {
        say("child: %s, attached %d", a, attached(id));
        strcpy(a + 9000, "from the child");
        show("child detaches", shmdt(b));
        say("attached %d", attached(id));
        _exit(0);
    }
    reap("child", pid);
    say("parent: %s, attached %d", a + 9000, attached(id));
    struct shmid_ds ds;
    show("stat", shmctl(id, IPC_STAT, &ds));
    say("size %zu, mode %o, creator %d, key %d", ds.shm_segsz, ds.shm_perm.mode, ds.shm_cpid == getpid(), ds.shm_perm.__key == key);
    yes("times", ds.shm_atime > 0 && ds.shm_dtime > 0 && ds.shm_ctime > 0);
    ds.shm_perm.mode = 0644;
    show("set", shmctl(id, IPC_SET, &ds));
    shmctl(id, IPC_STAT, &ds);
    say("mode %o", ds.shm_perm.mode);
    show("write to read-only", read(open("/dev/zero", O_RDONLY), b, 1));
    show("where something is", (long)shmat(id, a, 0));
    show("misaligned", (long)shmat(id, a + 1, 0));
    yes("remapped", shmat(id, b, SHM_REMAP) == b);
    b[1] = 'u';
    say("%s", a);
    show("remove", shmctl(id, IPC_RMID, NULL));
    show("its key is free", shmget(key, 0, 0));
    say("attached still %d, %s", attached(id), a);
    shmctl(id, IPC_STAT, &ds);
    say("mode %o", ds.shm_perm.mode);
    show("detach", shmdt(a));
    show("detach again", shmdt(a));
    show("detach the other", shmdt(b));
    show("gone", shmctl(id, IPC_STAT, &ds));
    show("bad id", (long)shmat(-1, NULL, 0));
    show("bad command", shmctl(0, 99, NULL));
}
