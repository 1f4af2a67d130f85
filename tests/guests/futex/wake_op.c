// FUTEX_WAKE_OP: the operations on the second word and the comparison that decides about its waiters.
#include "../guest.h"
#include <linux/futex.h>

static int a, b;
static void try(const char *what, int op) {
    b = 12;
    long rc = syscall(SYS_futex, &a, FUTEX_WAKE_OP, 1, 1L, &b, op);
    say("%s -> %ld %s, word %d", what, rc, rc == -1 ? errname(errno) : "-", b);
}

int main(void) {
    try("set 5", FUTEX_OP(FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 12));
    try("add 3", FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_NE, 12));
    try("add -1", FUTEX_OP(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_LT, 1));
    try("or 3", FUTEX_OP(FUTEX_OP_OR, 3, FUTEX_OP_CMP_LE, 1));
    try("andn 4", FUTEX_OP(FUTEX_OP_ANDN, 4, FUTEX_OP_CMP_GT, 1));
    try("xor 6", FUTEX_OP(FUTEX_OP_XOR, 6, FUTEX_OP_CMP_GE, 1));
    try("shift or 5", FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 5, FUTEX_OP_CMP_GE, 1));
    try("unknown operation", FUTEX_OP(7, 5, FUTEX_OP_CMP_GE, 1));
    try("unknown comparison", FUTEX_OP(FUTEX_OP_SET, 5, 9, 1));
    show("bad second word", syscall(SYS_futex, &a, FUTEX_WAKE_OP, 1, 1L, (int *)8, 0));
}
