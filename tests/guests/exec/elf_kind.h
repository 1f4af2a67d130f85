// Shared by the four programs that differ only in how they are linked: executes itself twice and reports
// what the loader must have got right.
#include "../guest.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

static int initialised = 7;
static int zeroed[5000];
static const int *relocated = &initialised; // needs a relocation in a PIE
static __thread int local = 9;
static int constructed;
__attribute__((constructor)) static void construct(void) { constructed++; }
extern char __executable_start __attribute__((weak)), _end, etext;

int main(int argc, char **argv) {
    const ElfW(Ehdr) *eh = (const void *)&__executable_start;
    int sum = 0;
    for (int i = 0; i < 5000; i++) sum |= zeroed[i];
    say("round %d: data %d, via pointer %d, bss %d, tls %d, constructors %d", argc, initialised, *relocated, sum, local, constructed);
    say("type %s", eh->e_type == ET_EXEC ? "EXEC" : eh->e_type == ET_DYN ? "DYN" : "?");
    unsigned long bias = getauxval(AT_ENTRY) - eh->e_entry;
    yes("image lies where its type says", eh->e_type == ET_EXEC ? bias == 0 : bias >= 0x10000 && bias % 4096 == 0);
    yes("entry lies in the text", getauxval(AT_ENTRY) >= (unsigned long)eh && getauxval(AT_ENTRY) < (unsigned long)&etext);
    const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
    int interp = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) interp |= ph[i].p_type == PT_INTERP;
    say("interpreter %d, AT_BASE set %d", interp, getauxval(AT_BASE) != 0);
    if (interp || eh->e_type == ET_EXEC) // kernels differ in where a static PIE gets its brk
        yes("brk lies behind the image", (unsigned long)sbrk(0) >= (unsigned long)&_end);
    char *heap = malloc(300000);
    memset(heap, 1, 300000);
    say("heap %d, argument zero %s", heap[299999], argc > 1 ? argv[0] : "given");
    initialised = 8;
    zeroed[4999] = 1;
    local = 10;
    if (argc == 1) execl("/proc/self/exe", "second", "x", (char *)NULL);
    if (argc == 2) execl("/proc/self/exe", "third", "x", "y", (char *)NULL);
    return argc == 3 ? 5 : 99;
}
