// What the rows of the micro benchmark share. A row's `run(n)` makes n operations; main.c times it.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct row {
    const char *name;
    void (*start)(void);
    void (*run)(long n);
    void (*stop)(void);
};

// Ends of tables have no name.
extern const struct row call_rows[], file_rows[], peer_rows[], process_rows[];

// Work area of this run, on a file system in memory; and a big file that the host has.
extern const char *work_dir, *host_file, *tiny_program;
extern char data[65536];

// Stops with the step that failed.
void die(const char *step);

static inline long must(long result, const char *step) {
    if (result < 0) die(step);
    return result;
}
