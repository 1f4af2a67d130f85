// A tracer reads and writes its tracee's memory, read-only text too: a breakpoint is met, taken away, and the tracee goes on.
#include "tracer.h"

static long data[4] = {1, 2, 3, 4};
static const char words[] = "0123456789abcdef";
static char *closed;

__attribute__((noinline)) static int twice(int x) {
    __asm__ volatile("");
    return 2 * x;
}

static void body(void) {
    say("data %ld %ld", data[0], data[1]);
    say("twice %d", twice(21));
    say("words %s", words);
}

int main(void) {
    long page = sysconf(_SC_PAGESIZE);
    closed = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(closed, 7, page);
    mprotect(closed, page, PROT_NONE);
    munmap(closed + page, page);
    pid_t pid = tracee(body);
    unsigned long word = 0;
    show("PEEKDATA", pt(PTRACE_PEEKDATA, pid, (unsigned long)&data[2], (unsigned long)&word));
    say("word %lu", word);
    show("POKEDATA", pt(PTRACE_POKEDATA, pid, (unsigned long)&data[1], 99));
    show("PEEKDATA closed", pt(PTRACE_PEEKDATA, pid, (unsigned long)closed, (unsigned long)&word));
    say("word %lx", word);
    show("PEEKDATA end", pt(PTRACE_PEEKDATA, pid, (unsigned long)closed + page - 4, (unsigned long)&word));
    show("PEEKDATA nowhere", pt(PTRACE_PEEKDATA, pid, 16, (unsigned long)&word));
    show("POKEDATA nowhere", pt(PTRACE_POKEDATA, pid, 16, 1));
    show("PEEKDATA bad", pt(PTRACE_PEEKDATA, pid, (unsigned long)data, 8));
    show("POKEDATA constant", pt(PTRACE_POKEDATA, pid, (unsigned long)words + 4, 0x5858585858585858));
    unsigned long at = (unsigned long)twice, original;
    MUST(pt(PTRACE_PEEKTEXT, pid, at, (unsigned long)&original) == 0);
    yes("text as here", memcmp(&original, (void *)twice, 8) == 0);
    show("POKETEXT", pt(PTRACE_POKETEXT, pid, at, (original & ~0xfful) | 0xcc));
    yes("own text unchanged", memcmp(&original, (void *)twice, 8) == 0);
    show_stop("breakpoint", go(PTRACE_CONT, pid, 0));
    struct user_regs_struct r = regs_of(pid);
    yes("behind it", r.rip == at + 1);
    say("argument %d", (int)r.rdi);
    show("POKETEXT", pt(PTRACE_POKETEXT, pid, at, original));
    r.rip = at;
    r.rdi = 50;
    set_regs(pid, &r);
    char far[16];
    struct iovec mine = {far, 16}, theirs = {(void *)words, 16};
    show("process_vm_readv", process_vm_readv(pid, &mine, 1, &theirs, 1, 0));
    say("%.16s", far);
    theirs.iov_base = closed;
    show("process_vm_readv closed", process_vm_readv(pid, &mine, 1, &theirs, 1, 0));
    show_stop("end", go(PTRACE_CONT, pid, 0));
    say("mine %ld %s", data[1], words);
    return 0;
}
