// The auxiliary vector: each entry against what it must agree with.
#include "../guest.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char __executable_start __attribute__((weak));

int main(int argc, char **argv) {
    (void)argc;
    say("page size %lu", getauxval(AT_PAGESZ));
    yes("clock ticks 100", getauxval(AT_CLKTCK) == (unsigned long)sysconf(_SC_CLK_TCK) && getauxval(AT_CLKTCK) == 100);
    yes("uid", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    yes("gid", getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    say("secure %lu", getauxval(AT_SECURE));
    const char *fn = (const char *)getauxval(AT_EXECFN);
    yes("AT_EXECFN is the path given to execve", fn && strcmp(fn, argv[0]) == 0);
    const unsigned char *r = (const unsigned char *)getauxval(AT_RANDOM);
    int bits = 0;
    for (int i = 0; r && i < 16; i++) bits |= r[i];
    yes("AT_RANDOM has 16 bytes that are not all zero", bits != 0);
    const char *platform = (const char *)getauxval(AT_PLATFORM);
    say("platform %s", platform ? platform : "(none)");
    const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
    say("phdr entry size %lu", getauxval(AT_PHENT));
    unsigned long base = 0;
    int loads = 0, interp = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
        if (ph[i].p_type == PT_PHDR) base = (unsigned long)ph - ph[i].p_vaddr;
        interp += ph[i].p_type == PT_INTERP;
        loads += ph[i].p_type == PT_LOAD;
    }
    const ElfW(Ehdr) *eh = (const void *)&__executable_start;
    yes("phdr is inside the image", (unsigned long)ph == (unsigned long)eh + eh->e_phoff);
    yes("AT_ENTRY is the file's entry", getauxval(AT_ENTRY) == base + eh->e_entry);
    yes("loads and interpreter", loads >= 2 && interp == 1);
    const ElfW(Ehdr) *ld = (const void *)getauxval(AT_BASE);
    yes("AT_BASE is an ELF image", ld && memcmp(ld->e_ident, ELFMAG, SELFMAG) == 0);
    const ElfW(Ehdr) *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
    yes("the vdso, if any, is an ELF image", !vdso || memcmp(vdso->e_ident, ELFMAG, SELFMAG) == 0);
    int here = 0;
    yes("AT_RANDOM lies on the stack above us", (unsigned long)r > (unsigned long)&here);
    yes("hardware capabilities are there", getauxval(AT_HWCAP) != 0);
}
