// A guest that finds its kernel's own syscall instruction and jumps there gets no more than the wall behind it grants.
// modes: sud,seccomp
//
// Natively there is no such instruction, and everything below is merely said to be refused.
#include "../guest.h"
#include <setjmp.h>
#include <stdint.h>
#include <sys/syscall.h>

#define RUNTIME_LOW 0x550000000000ul
#define RUNTIME_HIGH 0x570000000000ul
#define BLOCK 0x40000ul
#define SEARCH (16ul << 20)

static sigjmp_buf fault;
static const unsigned char *gate;

static void on_fault(int sig) { siglongjmp(fault, sig); }

static uintptr_t kernel_base(void) {
	uintptr_t base;
	__asm__("rdgsbase %0" : "=r"(base));
	return base;
}

/* A page of the runtime's text that holds `syscall; pop %rbx; ret`. */
static const unsigned char *in_page(uintptr_t page) {
	static const unsigned char want[] = { 0x0f, 0x05, 0x5b, 0xc3 };
	if (sigsetjmp(fault, 1))
		return NULL;
	const volatile unsigned char *p = (const volatile unsigned char *)page;
	for (int i = 0; i < 4096 - 4; i++)
		if (p[i] == want[0] && p[i + 1] == want[1] && p[i + 2] == want[2] && p[i + 3] == want[3])
			return (const unsigned char *)page + i;
	return NULL;
}

/* Looks around every address of the runtime's text that lies on the kernel stack. */
static const unsigned char *find(uintptr_t base) {
	uintptr_t block = base & ~(BLOCK - 1);
	uintptr_t seen = 0;
	for (uintptr_t at = base; at > block + 4096; at -= 8) {
		uintptr_t word = *(uintptr_t *)at & ~4095ul;
		if (word < RUNTIME_LOW || word >= RUNTIME_HIGH || word == seen)
			continue;
		seen = word;
		for (uintptr_t d = 0; d < SEARCH; d += 4096) {
			const unsigned char *p = in_page(word + d);
			if (!p && d)
				p = in_page(word - d);
			if (p)
				return p;
		}
		return NULL;
	}
	return NULL;
}

/* Makes a call with the kernel's own instruction, which pops rbx and returns. */
static long jump(long nr, long a, long b, long c, long d) {
	long r;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	register const void *target __asm__("r12") = gate;
	__asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
			 "lea 1f(%%rip), %%r13\n\t"
			 "push %%r13\n\t"
			 "push %%rbx\n\t"
			 "jmp *%%r12\n"
			 "1: lea 256(%%rsp), %%rsp"
			 : "=a"(r)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(target)
			 : "rcx", "r11", "r13", "memory");
	return r;
}

static void refused(const char *what, long r) {
	if (gate && r != -EPERM && r != -EACCES)
		say("%s: NOT refused, %ld", what, r);
	else
		say("%s: refused", what);
}

#define TRY(what, ...) refused(what, gate ? jump(__VA_ARGS__) : 0)

int main(void) {
	struct sigaction sa = { .sa_handler = on_fault };
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	uintptr_t base = kernel_base();
	if (base) {
		gate = find(base);
		yes("the kernel's instruction was found", gate != NULL);
		if (!gate)
			return 1;
		/* It works: what the kernel itself asks of the host is granted. */
		yes("a granted call is made", jump(SYS_getppid, 0, 0, 0, 0) > 0);
	} else {
		yes("the kernel's instruction was found", 1);
		yes("a granted call is made", 1);
	}
	char *argv[] = { "/bin/true", NULL };
	TRY("socket", SYS_socket, 2, 1, 0, 0);
	TRY("execve", SYS_execve, (long)argv[0], (long)argv, 0, 0);
	TRY("execveat", SYS_execveat, -100, (long)argv[0], (long)argv, 0);
	TRY("ptrace", SYS_ptrace, 0, 0, 0, 0);
	TRY("mount", SYS_mount, 0, 0, 0, 0);
	TRY("unshare", SYS_unshare, 0x10000000, 0, 0, 0);
	TRY("namespaces by clone", SYS_clone, 0x10000000 | 17, 0, 0, 0);
	TRY("bpf", SYS_bpf, 0, 0, 0, 0);
	TRY("io_uring", SYS_io_uring_setup, 1, 0, 0, 0);
	TRY("process_vm_writev", SYS_process_vm_writev, 1, 0, 0, 0);
	TRY("open a host file for writing", SYS_openat, -100, (long)"/etc/hostname", O_WRONLY, 0);
	TRY("make a host file", SYS_openat, -100, (long)"/tmp/umlaut-wall", O_RDWR | O_CREAT | O_EXCL, 0600);
	TRY("make a host directory", SYS_mkdirat, -100, (long)"/tmp/umlaut-wall-d", 0700, 0);
	TRY("remove a host directory", SYS_unlinkat, -100, (long)"/usr/share", AT_REMOVEDIR, 0);
	return 0;
}
