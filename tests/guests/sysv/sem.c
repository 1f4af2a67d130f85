// System V semaphores: values, sets, atomic lists, sleeping, zero, undo, counts, timeouts, removal.
// sort
#include "../guest.h"
#include <sys/sem.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static int op(int id, int num, int change, int flags) {
    struct sembuf b = {num, change, flags};
    return semop(id, &b, 1);
}

int main(void) {
    int id = semget(IPC_PRIVATE, 3, 0600);
    yes("made", id >= 0);
    unsigned short values[3] = {1, 2, 3};
    show("set all", semctl(id, 0, SETALL, (union semun){.array = values}));
    show("set one", semctl(id, 1, SETVAL, (union semun){.val = 5}));
    show("too large", semctl(id, 1, SETVAL, (union semun){.val = 40000}));
    show("no such", semctl(id, 3, GETVAL));
    show("value", semctl(id, 1, GETVAL));
    memset(values, 0, sizeof values);
    show("all", semctl(id, 0, GETALL, (union semun){.array = values}));
    say("%d %d %d", values[0], values[1], values[2]);
    struct sembuf list[] = {{0, -1, 0}, {1, -1, 0}, {2, -9, IPC_NOWAIT}};
    show("a list that can't be done", semop(id, list, 3));
    show("nothing of it is done", semctl(id, 0, GETVAL));
    list[2].sem_op = -3;
    show("a list that can", semop(id, list, 3));
    show("third", semctl(id, 2, GETVAL));
    show("down", op(id, 2, -1, IPC_NOWAIT));
    show("zero", op(id, 2, 0, 0));
    show("beyond the set", op(id, 3, 1, 0));
    show("too much", op(id, 1, 32767, 0));
    struct timespec t = {0, 20000000};
    list[0] = (struct sembuf){2, -1, 0};
    show("timeout", semtimedop(id, list, 1, &t));
    pid_t pid = fork();
    if (pid == 0) _exit(op(id, 2, -2, 0) == 0 ? 7 : 8);
    settle(pid);
    show("one waits", semctl(id, 2, GETNCNT));
    op(id, 2, 1, 0);
    usleep(10000);
    show("not enough", semctl(id, 2, GETNCNT));
    op(id, 2, 1, 0);
    reap("child", pid);
    show("taken", semctl(id, 2, GETVAL));
    yes("by the child", semctl(id, 2, GETPID) == pid);
    op(id, 1, 1, 0);
    if ((pid = fork()) == 0) _exit(op(id, 1, 0, 0) == 0 ? 1 : 2);
    settle(pid);
    show("one waits for zero", semctl(id, 1, GETZCNT));
    semctl(id, 1, SETVAL, (union semun){.val = 0});
    reap("child", pid);
    semctl(id, 0, SETVAL, (union semun){.val = 4});
    if ((pid = fork()) == 0) {
        op(id, 0, -3, SEM_UNDO);
        show("in the child", semctl(id, 0, GETVAL));
        _exit(0);
    }
    reap("child", pid);
    show("undone", semctl(id, 0, GETVAL));
    if ((pid = fork()) == 0) {
        int rc = op(id, 2, -1, 0);
        show("removed meanwhile", rc);
        _exit(0);
    }
    settle(pid);
    struct semid_ds ds;
    show("stat", semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
    say("%lu semaphores, mode %o", ds.sem_nsems, ds.sem_perm.mode);
    show("remove", semctl(id, 0, IPC_RMID));
    reap("child", pid);
    show("gone", op(id, 0, 1, 0));
    show("none", semget(IPC_PRIVATE, 0, 0600));
    show("too many", semget(IPC_PRIVATE, 100000, 0600));
    show("no operations", semop(id, list, 0));
}
