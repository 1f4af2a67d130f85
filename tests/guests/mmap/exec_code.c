// Code written into memory: executable mappings, rewriting it, from files, and W^X switching as a JIT does.
#include "../guest.h"

typedef int fn(void);
static void emit(unsigned char *p, int value) {
    p[0] = 0xb8; // mov $value, %eax; ret
    memcpy(p + 1, &value, 4);
    p[5] = 0xc3;
}

int main(void) {
    unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (int i = 0; i < 1000; i++) {
        emit(p, i);
        sum += ((fn *)(uintptr_t)p)();
    }
    say("sum %d", sum);
    mprotect(p, 4096, PROT_READ | PROT_WRITE);
    emit(p, 77);
    mprotect(p, 4096, PROT_READ | PROT_EXEC);
    say("after switching %d", ((fn *)(uintptr_t)p)());
    unsigned char code[4096] = {0};
    emit(code, 1234);
    int fd = open("code", O_RDWR | O_CREAT, 0700);
    MUST(write(fd, code, sizeof code) == sizeof code);
    unsigned char *f = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    say("from a file %d", f == MAP_FAILED ? -1 : ((fn *)(uintptr_t)f)());
    // a system call in generated code, again and again at the same place with other numbers
    static const unsigned char getpid_code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
    unsigned char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(q, getpid_code, sizeof getpid_code);
    int right = 0;
    for (int i = 0; i < 200; i++) {
        q[1] = i % 2 ? SYS_getppid : SYS_getpid;
        right += ((fn *)(uintptr_t)q)() == (i % 2 ? getppid() : getpid());
    }
    say("right answers %d", right);
    memset(q, 0x90, 64); // the call is overwritten by something else
    emit(q + 64, 5);
    say("afterwards %d", ((fn *)(uintptr_t)q)());
    pid_t pid = fork();
    if (pid == 0) _exit(((fn *)(uintptr_t)p)());
    reap("child runs it too", pid);
}
