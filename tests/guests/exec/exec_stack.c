// A program that asks for an executable stack can run code there; otherwise that faults.
// cc: -z execstack
#include "../guest.h"

int main(void) {
    unsigned char code[64] __attribute__((aligned(16)));
    static const unsigned char ret7[] = {0xb8, 7, 0, 0, 0, 0xc3};
    memcpy(code, ret7, sizeof ret7);
    int (*f)(void) = (int (*)(void))(uintptr_t)code;
    __asm__ volatile("" : "+r"(f) : : "memory");
    say("code on the stack returned %d", f());
}
