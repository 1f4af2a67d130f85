//! The table of rows.

/// What a row's figures are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Nanoseconds,
    Bytes,
}

/// How a row is run.
pub enum Kind {
    /// A row of the micro benchmark (`benches/micro`), pinned to one processor.
    Micro,
    /// A bounced call: natively the bare signal round trip of Syscall User Dispatch, under umlaut a call that is not patched.
    Bounce,
    /// A command for `sh`, timed inside the runner: the first part prepares, the second is timed. `$IN` is the directory with
    /// prepared inputs, `$OUT` an empty one in memory.
    Inside(&'static str, &'static str),
    /// A whole process, with the runner's own start and end.
    Whole(&'static [&'static str]),
    /// Memory that all processes of an idle sandbox take beyond what the program takes natively; ratio to nothing.
    Idle,
}

/// One row.
pub struct Row {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    /// What the ratio should be at most.
    pub at_most: Option<f64>,
    /// Programs it cannot do without.
    pub needs: &'static [&'static str],
}

impl Row {
    /// Whether it counts for the geometric mean.
    pub fn is_program(&self) -> bool {
        matches!(self.kind, Kind::Inside(..))
    }
}

const fn micro(name: &'static str, at_most: f64, about: &'static str) -> Row {
    let at_most = if at_most > 0.0 { Some(at_most) } else { None };
    Row { name, about, kind: Kind::Micro, unit: Unit::Nanoseconds, at_most, needs: &[] }
}

const fn program(
    name: &'static str,
    needs: &'static [&'static str],
    prepare: &'static str,
    timed: &'static str,
    about: &'static str,
) -> Row {
    Row { name, about, kind: Kind::Inside(prepare, timed), unit: Unit::Nanoseconds, at_most: Some(1.0), needs }
}

/// All rows, in the order of the tables in `BENCHMARKS.md`.
pub const ROWS: &[Row] = &[
    micro("getpid", 0.15, "getpid(2)"),
    Row {
        name: "bounce",
        about: "a call on the trap, beside the bare SIGSYS round trip",
        kind: Kind::Bounce,
        unit: Unit::Nanoseconds,
        at_most: Some(1.15),
        needs: &[],
    },
    micro("stat", 0.25, "stat(2) of a file in memory"),
    micro("open_close", 0.25, "open(2) and close(2) of a file in memory"),
    micro("fstat", 0.25, "fstat(2) of a file in memory"),
    micro("read_1", 0.25, "read(2) of one byte of a file in memory"),
    micro("pread_4k", 0.6, "pread(2) of 4 KiB of a file in memory"),
    micro("pwrite_4k", 0.6, "pwrite(2) of 4 KiB in a file in memory"),
    micro("read_64k", 0.0, "read(2) of 64 KiB of a file in memory"),
    micro("create_unlink", 0.3, "open(2) with O_CREAT, close(2) and unlink(2) in memory"),
    micro("getdents_100", 0.3, "getdents64(2) of a directory with 100 entries in memory"),
    micro("pipe_pingpong", 1.0, "one byte to another process and back, over pipes"),
    micro("unix_pingpong", 1.0, "the same over an AF_UNIX stream"),
    micro("tcp_pingpong", 1.0, "the same over loopback TCP"),
    micro("pipe_64k", 0.8, "64 KiB into a pipe that another process empties"),
    micro("futex_handoff", 1.1, "a turn given to another thread and back, by futex(2)"),
    micro("mmap_touch", 1.1, "64 KiB mapped, touched and unmapped"),
    micro("page_fault", 1.1, "first write to a page"),
    micro("thread_create", 1.3, "pthread_create and pthread_join"),
    micro("clock_gettime", 1.05, "clock_gettime through the vDSO"),
    micro("epoll_ready", 0.3, "epoll_wait(2) with one ready eventfd"),
    micro("fork_wait", 1.3, "fork, exit, wait"),
    micro("vfork_exec", 1.0, "vfork, exec of a small static program, wait"),
    micro("spawn_exec", 1.0, "posix_spawn of a small static program, wait"),
    micro("signal_self", 0.5, "a signal to the own thread, and back from the handler"),
    micro("host_stat", 0.0, "stat(2) of a file of the host"),
    micro("host_open_close", 0.0, "open(2) and close(2) of a file of the host"),
    micro("host_pread_4k", 0.0, "pread(2) of 4 KiB of a file of the host"),
    micro("host_read_64k", 1.05, "read(2) of 64 KiB of a file of the host, one after the other"),
    program(
        "python_pass",
        &["python3"],
        "export PATH=/usr/bin:$PATH",
        "python3 -c pass",
        "python3 -c pass, the distribution's if there is one",
    ),
    program("find", &["find"], ":", "find /usr/share -type f > /dev/null", "find over /usr/share"),
    program(
        "tar_create",
        &["tar"],
        ":",
        "tar -cf - /usr/share/doc 2> /dev/null | cat > /dev/null",
        "tar of /usr/share/doc",
    ),
    program("tar_extract", &["tar"], ":", "tar -C $OUT -xf $IN/tree.tar", "2,000 files unpacked from a tar file"),
    program(
        "git",
        &["git"],
        "cp -r $IN/git $OUT/git && cd $OUT/git && export HOME=$OUT GIT_CONFIG_NOSYSTEM=1 && git init -q .",
        "git add . && git -c user.name=a -c user.email=a@b commit -q -m one && test -z \"$(git status --porcelain)\"",
        "add, commit and status of 500 files",
    ),
    program("sqlite", &["sqlite3"], ":", "sqlite3 $OUT/db < $IN/small.sql", "1,000 small transactions"),
    program("shell_500", &["sh"], ":", "for i in $(seq 500); do /bin/true; done", "a shell loop of 500 commands"),
    program(
        "gcc",
        &["gcc", "make"],
        "cd $OUT",
        "make -s -j2 -f $IN/src/Makefile S=$IN/src prog && test -x prog",
        "20 C files compiled with make -j2",
    ),
    program(
        "redis",
        &["redis-server", "redis-benchmark"],
        "cd $OUT && { redis-server --port 17391 --save '' --appendonly no --bind 127.0.0.1 > log & } && \
         until redis-cli -p 17391 ping > /dev/null 2>&1; do sleep 0.02; done && trap \"kill $!\" EXIT",
        "redis-benchmark -h 127.0.0.1 -p 17391 -t set,get -n 30000 -q > /dev/null",
        "30,000 SET and as many GET over the loopback",
    ),
    Row {
        name: "start_up",
        about: "true, a whole process from exec to the reaped exit",
        kind: Kind::Whole(&["/bin/true"]),
        unit: Unit::Nanoseconds,
        at_most: Some(3.0),
        needs: &[],
    },
    Row {
        name: "idle_memory",
        about: "proportional memory of all processes of an idle sandbox (`sleep`); umlaut's own share is the difference",
        kind: Kind::Idle,
        unit: Unit::Bytes,
        at_most: None,
        needs: &[],
    },
];
