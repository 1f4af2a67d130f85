// io_setup and its family: files are read and written, events tell of it, an eventfd counts them; refusals.
#include "../guest.h"
#include <linux/aio_abi.h>
#include <sys/eventfd.h>

static long setup(unsigned n, aio_context_t *at) { return syscall(SYS_io_setup, n, at); }
static long destroy(aio_context_t c) { return syscall(SYS_io_destroy, c); }
static long submit(aio_context_t c, long n, struct iocb **list) { return syscall(SYS_io_submit, c, n, list); }
static long fetch(aio_context_t c, long min, long n, struct io_event *e, struct timespec *t) {
    return syscall(SYS_io_getevents, c, min, n, e, t);
}

int main(void) {
    aio_context_t c = 0, used = 1;
    show("no events", setup(0, &c));
    show("context not zero", setup(1, &used));
    show("nowhere", setup(1, NULL));
    MUST(setup(8, &c) == 0);

    char in[8] = "", out[] = "written";
    int fd = open("file", O_RDWR | O_CREAT, 0600), bell = eventfd(0, 0);
    MUST(fd >= 0 && bell >= 0);
    struct iocb w = {.aio_data = 1, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd, .aio_buf = (uintptr_t)out, .aio_nbytes = 8};
    w.aio_flags = IOCB_FLAG_RESFD;
    w.aio_resfd = bell;
    struct iocb r = {.aio_data = 2, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd, .aio_buf = (uintptr_t)in, .aio_nbytes = 8};
    struct iocb bad = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = -1};
    struct iocb what = {.aio_lio_opcode = 99, .aio_fildes = fd};
    struct iocb *one[] = {&w}, *two[] = {&r, &bad}, *three[] = {&bad}, *four[] = {&what}, *five[] = {(void *)1};
    struct io_event e[8];
    struct timespec none = {0, 0};
    show("write", submit(c, 1, one));
    MUST(fetch(c, 1, 1, e, NULL) == 1);
    say("event: data %llu, result %lld, its own %d", e[0].data, e[0].res, e[0].obj == (uintptr_t)&w);
    uint64_t n = 0;
    MUST(read(bell, &n, 8) == 8);
    say("eventfd %llu", (unsigned long long)n);
    show("read, then a bad one", submit(c, 2, two));
    MUST(fetch(c, 1, 8, e, NULL) == 1);
    say("event: data %llu, result %lld: %s", e[0].data, e[0].res, in);
    show("bad descriptor", submit(c, 1, three));
    show("bad operation", submit(c, 1, four));
    show("bad pointer", submit(c, 1, five));
    show("negative", submit(c, -1, one));
    show("nothing", submit(c, 0, one));
    show("no event, no time", fetch(c, 1, 1, e, &none));
    show("more than room", fetch(c, 2, 1, e, &none));
    show("cancel", syscall(SYS_io_cancel, c, &r, e));
    show("destroy", destroy(c));
    show("destroy again", destroy(c));
    show("submit to nobody", submit(c, 1, one));
    return 0;
}
