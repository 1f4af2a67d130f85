// System V messages: types, lengths, sleeping, full queues, removal, errors.
// sort
#include "../guest.h"
#include <sys/msg.h>

struct message {
    long type;
    char text[100];
};

static int put(int q, long type, const char *text, int flags) {
    struct message m = {.type = type};
    strcpy(m.text, text);
    return msgsnd(q, &m, strlen(text) + 1, flags);
}

static void get(const char *what, int q, long type, size_t size, int flags) {
    struct message m = {0};
    long n = msgrcv(q, &m, size, type, flags);
    if (n < 0)
        show(what, n);
    else
        say("%s: %ld bytes, type %ld, %.*s", what, n, m.type, (int)n, m.text);
}

int main(void) {
    int q = msgget(IPC_PRIVATE, 0600);
    yes("made", q >= 0);
    put(q, 3, "three", 0);
    put(q, 1, "one", 0);
    put(q, 2, "two", 0);
    put(q, 1, "one again", 0);
    get("first", q, 0, 100, 0);
    get("type 2", q, 2, 100, 0);
    put(q, 9, "nine", 0);
    get("lowest up to 5", q, -5, 100, 0);
    get("anything but 1", q, 1, 100, MSG_EXCEPT);
    get("too long", q, 0, 4, 0);
    get("cut", q, 0, 3, MSG_NOERROR);
    get("none", q, 0, 100, IPC_NOWAIT);
    pid_t pid = fork();
    if (pid == 0) {
        get("child waits for 7", q, 7, 100, 0);
        _exit(0);
    }
    settle(pid);
    put(q, 6, "six", 0);
    usleep(10000);
    put(q, 7, "seven", 0);
    reap("child", pid);
    struct msqid_ds ds;
    show("stat", msgctl(q, IPC_STAT, &ds));
    say("%lu messages, %lu of %lu bytes, receiver %d", ds.msg_qnum, ds.__msg_cbytes, ds.msg_qbytes, ds.msg_lrpid == pid);
    ds.msg_qbytes = 10;
    show("set", msgctl(q, IPC_SET, &ds));
    show("full", put(q, 1, "1234567890", IPC_NOWAIT));
    if ((pid = fork()) == 0) {
        show("sent at last", put(q, 1, "123456789", 0));
        _exit(0);
    }
    settle(pid);
    get("making room", q, 0, 100, 0);
    reap("child", pid);
    if ((pid = fork()) == 0) {
        get("removed meanwhile", q, 77, 100, 0);
        _exit(0);
    }
    settle(pid);
    show("type 0", put(q, 0, "", 0));
    show("too long", msgsnd(q, &ds, 10000, 0));
    show("remove", msgctl(q, IPC_RMID, NULL));
    reap("child", pid);
    show("gone", put(q, 1, "", 0));
}
