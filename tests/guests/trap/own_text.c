// A program that reads and sums its own code finds it unchanged after the calls in it have run many times.
// reads: text
#include "../guest.h"

extern char __executable_start, etext;

static unsigned long sum(void) {
    unsigned long s = 0;
    for (const unsigned char *p = (const unsigned char *)&__executable_start; p < (const unsigned char *)&etext; p++) {
        unsigned char vec;
        if (((uintptr_t)p & 4095) == 0 && mincore((void *)p, 4096, &vec) != 0) {
            p += 4095;
            continue;
        }
        s = s * 31 + *p;
    }
    return s;
}

int main(void) {
    int same = 0;
    unsigned long before = sum();
    for (int i = 0; i < 300; i++) {
        long rc;
        __asm__ volatile("syscall" : "=a"(rc) : "0"(SYS_getppid) : "rcx", "r11", "memory");
        same += rc == getppid();
    }
    say("answers %d", same);
    say("code reads the same %d", sum() == before);
}
