// MAP_SHARED memory stays shared over fork, in grandchildren and when mapped anew; counters add up.
#include "../guest.h"

int main(void) {
    int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    MUST(ftruncate(fd, 4096) == 0);
    int *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            int *c = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open("f", O_RDWR), 0);
            pid_t pid = fork();
            for (int k = 0; k < 5000; k++) {
                __atomic_fetch_add(a, 1, __ATOMIC_RELAXED);
                __atomic_fetch_add(k % 2 ? b : c, 1, __ATOMIC_RELAXED);
            }
            if (pid == 0) _exit(0);
            waitpid(pid, NULL, 0);
            munmap(a, 4096); // only here
            _exit(0);
        }
    while (wait(NULL) > 0) {}
    int in_file;
    MUST(pread(fd, &in_file, 4, 0) == 4);
    say("anonymous %d, file %d, read %d", *a, *b, in_file);
}
