// Look-ups, opens and descriptors while other threads and a process rename, remove, replace and close: every answer is one that
// some moment gives.
#include "../guest.h"
#include <pthread.h>

enum { ROUNDS = 1500 };
static int over, wrong, shared_fd = -1;

static void expect(int good) {
    if (!good) __atomic_store_n(&wrong, 1, __ATOMIC_SEQ_CST);
}
static int running(void) { return !__atomic_load_n(&over, __ATOMIC_SEQ_CST); }

// "one" and "two" take turns as the names of a file with "x"; "deep/dir" and "deep/other" as those of a directory.
static void *renames(void *u) {
    for (int i = 0; i < ROUNDS; i++) {
        expect(rename(i % 2 ? "two" : "one", i % 2 ? "one" : "two") == 0);
        expect(rename(i % 2 ? "deep/other" : "deep/dir", i % 2 ? "deep/dir" : "deep/other") == 0);
    }
    return u;
}

static void *makes(void *u) {
    for (int i = 0; i < ROUNDS; i++) {
        int fd = open("new", O_CREAT | O_EXCL | O_WRONLY, 0600);
        expect(fd >= 0 && write(fd, "n", 1) == 1 && close(fd) == 0);
        expect(unlink("new") == 0);
    }
    return u;
}

static void *descriptors(void *u) {
    for (int i = 0; i < ROUNDS; i++) {
        int fd = open(i % 2 ? "still" : "/dev/null", O_RDONLY);
        __atomic_store_n(&shared_fd, fd, __ATOMIC_SEQ_CST);
        expect(fd >= 0 && fcntl(fd, F_GETFD) == 0);
        expect(close(fd) == 0);
    }
    return u;
}

static void *looks(void *u) {
    struct stat st;
    char c;
    while (running()) {
        expect(stat("one", &st) == 0 ? st.st_size == 1 : errno == ENOENT);
        expect(stat("deep/dir/in", &st) == 0 ? S_ISREG(st.st_mode) : errno == ENOENT);
        expect(stat("deep/dir/../../still", &st) == 0 ? st.st_size == 5 : errno == ENOENT);
        int fd = open("two", O_RDONLY);
        expect(fd >= 0 ? read(fd, &c, 1) == 1 && c == 'x' : errno == ENOENT);
        if (fd >= 0) expect(close(fd) == 0);
        expect(stat("new", &st) == 0 ? st.st_size <= 1 : errno == ENOENT);
        expect(fstat(__atomic_load_n(&shared_fd, __ATOMIC_SEQ_CST), &st) == 0 || errno == EBADF);
    }
    return u;
}

static void put(const char *name, const char *text) {
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

int main(void) {
    MUST(mkdir("deep", 0700) == 0 && mkdir("deep/dir", 0700) == 0);
    put("one", "x"), put("still", "still"), put("deep/dir/in", "");
    pid_t child = fork();
    if (child == 0) {
        struct stat st;
        for (int i = 0; i < ROUNDS; i++) {
            expect(stat("two", &st) == 0 || errno == ENOENT);
            expect(chdir("deep") == 0 && stat("other", &st) <= 0 && chdir("..") == 0);
        }
        _exit(wrong);
    }
    pthread_t changers[3], lookers[2];
    void *(*const change[])(void *) = {renames, makes, descriptors};
    for (int i = 0; i < 2; i++) MUST(pthread_create(&lookers[i], NULL, looks, NULL) == 0);
    for (int i = 0; i < 3; i++) MUST(pthread_create(&changers[i], NULL, change[i], NULL) == 0);
    for (int i = 0; i < 3; i++) pthread_join(changers[i], NULL);
    __atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 2; i++) pthread_join(lookers[i], NULL);
    int status;
    MUST(waitpid(child, &status, 0) == child);
    yes("the other process saw nothing impossible", status == 0);
    yes("nor did the threads", !wrong);
    struct stat st;
    show("one", stat("one", &st));
    show("two", stat("two", &st));
    show("new", stat("new", &st));
    return 0;
}
