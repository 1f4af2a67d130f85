//! `/proc/sys`: the kernel's settings, to read. What can be changed: the host name and the domain name (`kernel/utsname_sysctl.c`), and the
//! id of the next object of System V IPC (`ipc/ipc_sysctl.c`).

use super::hostfile::read_host;
use super::{PROC_DEV, fixed_attr};
use crate::Task;
use crate::kernel::kernel;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::InodeRef;
use fs_emu::cred::Caps;
use fs_emu::pseudo::{Attr, Entries, FileSource, LateDir, PseudoFile, StaticDir, TextFile};
use host::{Errno, Result};

/// Longest host name (`__NEW_UTS_LEN`).
const NAME_MAX: usize = 64;

/// What stands in a file.
#[derive(Clone, Copy)]
enum Value {
    /// Always this.
    Fixed(&'static str),
    /// What the host has there.
    Host,
    /// Made anew.
    Made(fn() -> Vec<u8>),
}

use Value::{Fixed, Host, Made};

const KERNEL: &[(&str, Value)] = &[
    ("cap_last_cap", Fixed("40")),
    ("core_pattern", Fixed("core")),
    ("core_uses_pid", Fixed("0")),
    ("dmesg_restrict", Fixed("1")),
    ("kptr_restrict", Fixed("1")),
    ("msgmax", Fixed("8192")),
    ("msgmnb", Fixed("16384")),
    ("msgmni", Fixed("32000")),
    ("ngroups_max", Fixed("65536")),
    ("osrelease", Made(|| line(&kernel().version.0))),
    ("ostype", Fixed("Linux")),
    ("overflowgid", Fixed("65534")),
    ("overflowuid", Fixed("65534")),
    ("pid_max", Fixed("32768")),
    ("printk", Fixed("4\t4\t1\t7")),
    ("randomize_va_space", Fixed("2")),
    ("sem", Fixed("32000\t1024000000\t500\t32000")),
    ("shmall", Fixed("18446744073692774399")),
    ("shmmax", Fixed("18446744073692774399")),
    ("shmmni", Fixed("4096")),
    ("tainted", Fixed("0")),
    ("threads-max", Host),
    ("version", Made(|| line(&kernel().version.1))),
];

const RANDOM: &[(&str, Value)] = &[
    ("entropy_avail", Fixed("256")),
    ("poolsize", Fixed("256")),
    ("urandom_min_reseed_secs", Fixed("60")),
    ("uuid", Made(|| line(uuid(host::sys::clock::random_u64(), host::sys::clock::random_u64()).as_bytes()))),
    ("write_wakeup_threshold", Fixed("256")),
];

const VM: &[(&str, Value)] = &[
    ("max_map_count", Fixed("65530")),
    ("mmap_min_addr", Fixed("65536")),
    ("nr_hugepages", Fixed("0")),
    ("overcommit_memory", Host),
    ("overcommit_ratio", Host),
    ("swappiness", Fixed("60")),
];

const FS: &[(&str, Value)] = &[
    ("aio-max-nr", Fixed("65536")),
    ("aio-nr", Made(|| line(format!("{}", kernel().aio_events.load(core::sync::atomic::Ordering::SeqCst)).as_bytes()))),
    ("dir-notify-enable", Fixed("1")),
    ("file-max", Fixed("9223372036854775807")),
    ("file-nr", Made(|| format!("{}\t0\t9223372036854775807\n", open_files()).into_bytes())),
    ("lease-break-time", Fixed("45")),
    ("leases-enable", Fixed("1")),
    ("nr_open", Fixed("1048576")),
    ("overflowgid", Fixed("65534")),
    ("overflowuid", Fixed("65534")),
    ("pipe-max-size", Fixed("1048576")),
    ("pipe-user-pages-hard", Fixed("0")),
    ("pipe-user-pages-soft", Fixed("16384")),
    ("protected_fifos", Fixed("0")),
    ("protected_hardlinks", Fixed("0")),
    ("protected_regular", Fixed("0")),
    ("protected_symlinks", Fixed("0")),
    ("suid_dumpable", Fixed("0")),
];

const KEYS: &[(&str, Value)] = &[
    ("gc_delay", Fixed("300")),
    ("maxbytes", Fixed("20000")),
    ("maxkeys", Fixed("200")),
    ("root_maxbytes", Fixed("25000000")),
    ("root_maxkeys", Fixed("1000000")),
];

const MQUEUE: &[(&str, Value)] = &[
    ("msg_default", Fixed("10")),
    ("msg_max", Fixed("10")),
    ("msgsize_default", Fixed("8192")),
    ("msgsize_max", Fixed("8192")),
    ("queues_max", Fixed("256")),
];

const CORE: &[(&str, Value)] = &[
    ("optmem_max", Fixed("131072")),
    ("rmem_default", Fixed("212992")),
    ("rmem_max", Fixed("4194304")),
    ("somaxconn", Fixed("4096")),
    ("wmem_default", Fixed("212992")),
    ("wmem_max", Fixed("4194304")),
];
const IPV4: &[(&str, Value)] = &[("ip_local_port_range", Fixed("32768\t60999"))];

/// The directory, of which most programs need nothing.
pub(super) fn dir() -> InodeRef {
    LateDir::build(attr("", 0o555), entries)
}

fn entries() -> Entries {
    let mut random = files("kernel/random", RANDOM);
    random.push(("boot_id", boot_id()));
    let mut kernel = files("kernel", KERNEL);
    for name in ["msg_next_id", "sem_next_id", "shm_next_id"] {
        kernel.push((name, PseudoFile::build(NextId(name))));
    }
    kernel.push(("hostname", name("hostname", false)));
    kernel.push(("domainname", name("domainname", true)));
    kernel.push(("keys", folder("kernel/keys", files("kernel/keys", KEYS))));
    kernel.push(("random", folder("kernel/random", random)));
    let net = alloc::vec![
        ("core", folder("net/core", files("net/core", CORE))),
        ("ipv4", folder("net/ipv4", files("net/ipv4", IPV4))),
    ];
    let mut fs = files("fs", FS);
    fs.push(("mqueue", folder("fs/mqueue", files("fs/mqueue", MQUEUE))));
    alloc::vec![
        ("fs", folder("fs", fs)),
        ("kernel", folder("kernel", kernel)),
        ("net", folder("net", net)),
        ("vm", folder("vm", files("vm", VM))),
    ]
}

fn attr(path: &str, mode: u32) -> Attr {
    fixed_attr(PROC_DEV, &format!("sys/{path}"), mode)
}

fn folder(path: &str, entries: Entries) -> InodeRef {
    StaticDir::build(attr(path, 0o555), entries)
}

fn files(folder: &str, table: &'static [(&'static str, Value)]) -> Entries {
    let file = |(name, value): &(&'static str, Value)| {
        let (path, value) = (format!("{folder}/{name}"), *value);
        let attr = attr(&path, 0o444);
        let make = move || match value {
            Fixed(text) => Ok(line(text.as_bytes())),
            Host => read_host(&format!("/proc/sys/{path}")),
            Made(make) => Ok(make()),
        };
        (*name, TextFile::build(attr, make))
    };
    table.iter().map(file).collect()
}

fn line(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    out.push(b'\n');
    out
}

fn open_files() -> usize {
    let tasks = kernel().tasks.all_tasks();
    tasks.iter().filter(|t| t.is_leader()).filter_map(|t| t.files()).map(|f| f.list().len()).sum()
}

/// One for the sandbox's life.
fn boot_id() -> InodeRef {
    let id = uuid(host::sys::clock::random_u64(), host::sys::clock::random_u64());
    TextFile::build(attr("kernel/random/boot_id", 0o444), move || Ok(line(id.as_bytes())))
}

/// Random bits as a version 4 UUID.
pub(super) fn uuid(high: u64, low: u64) -> String {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(3 << 62) | 2 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// The id that the next object of System V IPC shall have.
struct NextId(&'static str);

impl NextId {
    fn get(&self) -> i32 {
        let ipc = &kernel().ipc;
        match self.0 {
            "msg_next_id" => ipc.msg.wished(),
            "sem_next_id" => ipc.sem.wished(),
            _ => ipc.shm.wished(),
        }
    }
}

impl FileSource for NextId {
    fn attr(&self) -> Result<Attr> {
        Ok(attr(&format!("kernel/{}", self.0), 0o644))
    }

    fn read(&self) -> Result<Vec<u8>> {
        Ok(line(format!("{}", self.get()).as_bytes()))
    }

    fn write(&self, _off: u64, data: &[u8]) -> Result<usize> {
        let text = core::str::from_utf8(data).map_err(|_| Errno::EINVAL)?;
        let id: i32 = text.trim().parse().map_err(|_| Errno::EINVAL)?;
        let ipc = &kernel().ipc;
        match self.0 {
            "msg_next_id" => ipc.msg.wish(id),
            "sem_next_id" => ipc.sem.wish(id),
            _ => ipc.shm.wish(id),
        }
        Ok(data.len())
    }
}

/// The host name or the domain name.
struct NameFile {
    path: &'static str,
    domain: bool,
}

fn name(path: &'static str, domain: bool) -> InodeRef {
    PseudoFile::build(NameFile { path, domain })
}

impl FileSource for NameFile {
    fn attr(&self) -> Result<Attr> {
        Ok(attr(&format!("kernel/{}", self.path), 0o644))
    }

    fn read(&self) -> Result<Vec<u8>> {
        let names = kernel().names.lock();
        Ok(line(if self.domain { &names.1 } else { &names.0 }))
    }

    fn write(&self, off: u64, data: &[u8]) -> Result<usize> {
        if Task::current().is_some_and(|me| !me.cred().capable(Caps::SYS_ADMIN)) {
            return Err(Errno::EPERM);
        }
        if off == 0 {
            let end = data.iter().position(|&b| b == b'\n' || b == 0).unwrap_or(data.len());
            let new: Vec<u8> = data.iter().copied().take(end.min(NAME_MAX)).collect();
            let mut names = kernel().names.lock();
            let place = if self.domain { &mut names.1 } else { &mut names.0 };
            let old = core::mem::replace(place, new);
            drop(names);
            drop(old);
        }
        Ok(data.len())
    }
}
