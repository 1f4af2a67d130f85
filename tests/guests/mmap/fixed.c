// MAP_FIXED replaces what is there, MAP_FIXED_NOREPLACE refuses; misaligned and impossible addresses.
#include "../guest.h"

static void *at(void *p, size_t n, int flags) { return mmap(p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0); }

int main(void) {
    char *p = at(NULL, 4 * 4096, 0);
    memset(p, 'a', 4 * 4096);
    yes("fixed over the middle", at(p + 4096, 4096, MAP_FIXED) == p + 4096);
    say("%c%d%c", p[4095], p[4096], p[8192]);
    yes("noreplace over it", at(p + 4096, 4096, MAP_FIXED_NOREPLACE) == MAP_FAILED && errno == EEXIST);
    munmap(p + 4096, 4096);
    yes("noreplace in the hole", at(p + 4096, 4096, MAP_FIXED_NOREPLACE) == p + 4096);
    yes("misaligned", at(p + 1, 4096, MAP_FIXED) == MAP_FAILED && errno == EINVAL);
    yes("kernel half", at((void *)0xffff800000000000ul, 4096, MAP_FIXED) == MAP_FAILED && errno == ENOMEM);
    yes("wrapping", at((void *)0x7ffffffff000ul, 1 << 20, MAP_FIXED) == MAP_FAILED && errno == ENOMEM);
    put_file("f", "from the file");
    int fd = open("f", O_RDONLY);
    yes("a file over anonymous memory", mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
    say("%s, then %c", p, p[8192]);
}
