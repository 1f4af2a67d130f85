//! Texts that need no sandbox, compared with the host's where it has the same file.

use super::hostfile::{HostStat, host_text, number_after, read_host};
use super::memory::{Usage, title};
use super::stat::Line;
use super::{fd, machine, misc, mounts, net, root, status, sysctl, sysfs};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use fs_emu::vfs::{MountFlags, MountInfo};
use fs_emu::{FileSystem, FileType, OpenFlags};
use host::abi::Rlimit;
use host::iov::IovIter;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

fn example() -> Line {
    Line {
        pid: 7,
        comm: b"a) b".to_vec(),
        state: b'S',
        family: [2, 7, 7],
        tty: 34816,
        foreground: -1,
        flags: 0x400000,
        faults: [1, 2, 3, 4],
        times: [5, 6, 7, 8],
        nice: -3,
        threads: 9,
        started: 10,
        memory: Usage { size: 8192, resident: 4096, ..Usage::default() },
        rss_limit: u64::MAX,
        code: [11, 12, 13],
        signals: [1 << 40 | 1, 2, 3, 4],
        exit_signal: 17,
        processor: 1,
        data: [21, 22, 23, 24, 25, 26, 27],
    }
}

#[test]
fn stat_has_the_fields_of_linux() {
    host::testing::init();
    let line = text(example().render());
    let own = host_text("/proc/self/stat");
    assert_eq!(line.matches(' ').count() - 1, own.matches(' ').count(), "the example's name has a blank");
    let want = "7 (a) b) S 2 7 7 34816 -1 4194304 1 2 3 4 5 6 7 8 17 -3 9 0 10 8192 1 18446744073709551615 11 12 13 0 0 1 2 3 4 \
                0 0 0 17 1 0 0 0 0 0 21 22 23 24 25 26 27 0\n";
    assert_eq!(line, want);
}

#[test]
fn the_host_stat_is_understood() {
    let line = text(example().render());
    let read = HostStat::parse(&line);
    assert_eq!(read, HostStat { minflt: 1, majflt: 3, utime: 5, stime: 6, processor: 1 });
    assert_eq!(HostStat::parse("nonsense"), HostStat::default());
    assert_eq!(number_after("VmPTE:\t  44 kB\nVmRSS: 7 kB\n", "VmRSS"), Some(7));
    assert_eq!(number_after("VmPTE:\t  44 kB\n", "VmRSS"), None);
}

#[test]
fn limits_look_like_the_hosts() {
    host::testing::init();
    let limits: [Rlimit; 16] = crate::task::limits::from_host();
    assert_eq!(text(misc::render_limits(&limits)), host_text("/proc/self/limits"));
}

#[test]
fn id_map_looks_like_the_hosts() {
    host::testing::init();
    let host = host_text("/proc/self/uid_map");
    let line = format!("{:>10} {:>10} {:>10}\n", 0, 0, u32::MAX);
    assert_eq!(line.len(), host.lines().next().map_or(0, str::len) + 1);
}

#[test]
fn mounts_are_escaped() {
    let m = MountInfo {
        id: 3,
        parent: 1,
        dev: host::abi::dev_join(0, 80),
        root: b"/".to_vec(),
        at: b"/a b\\c#".to_vec(),
        flags: MountFlags::NOSUID | MountFlags::RELATIME,
        kind: "proc",
        source: Vec::new(),
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    mounts::mount_line(&m, &mut a);
    mounts::info_line(&m, &mut b);
    assert_eq!(text(a), "none /a\\040b\\134c\\043 proc rw,nosuid,relatime 0 0\n");
    assert_eq!(text(b), "3 1 0:80 / /a\\040b\\134c\\043 rw,nosuid,relatime - proc none rw\n");
}

#[test]
fn names_and_numbers() {
    assert_eq!(root::parse_id(b"12"), Some(12));
    assert_eq!(root::parse_id(b"0"), Some(0));
    for bad in [&b""[..], b"012", b"+1", b"1x", b"99999999999"] {
        assert_eq!(root::parse_id(bad), None);
    }
    let mut out = Vec::new();
    status::escape(b"a\n\\b", &mut out);
    assert_eq!(out, b"a\\n\\\\b");
    assert_eq!(status::state_name(b'Z'), "Z (zombie)");
    assert_eq!([None, Some(63), Some(64), Some(255)].map(status::table_size), [64, 64, 128, 256]);
    assert_eq!(title(b"one\0two\0".to_vec()), b"one\0");
}

#[test]
fn links_show_the_access_mode() {
    let mode = |bits| fd::link_mode(OpenFlags::from_bits_retain(bits));
    assert_eq!([0, 1, 2, 0o10000000].map(mode), [0o500, 0o300, 0o700, 0]);
}

#[test]
fn counts_of_processes_are_the_sandboxs() {
    assert_eq!(machine::render_loadavg("0.10 0.20 0.30 5/600 7000\n", 1, 3, 9), "0.10 0.20 0.30 1/3 9\n");
    assert_eq!(machine::render_loadavg("", 1, 3, 9), "0.00 0.00 0.00 1/3 9\n");
    let host = "cpu  1 2\nbtime 5\nprocesses 6\nprocs_running 7\nprocs_blocked 8\n";
    let want = "cpu  1 2\nbtime 1\nprocesses 2\nprocs_running 3\nprocs_blocked 0\n";
    assert_eq!(machine::render_stat(host, 1, 2, 3), want);
}

#[test]
fn a_uuid_says_its_version() {
    assert_eq!(sysctl::uuid(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(sysctl::uuid(0, 0), "00000000-0000-4000-8000-000000000000");
}

#[test]
fn processor_lists() {
    assert_eq!(sysfs::parse_list("0-2,5\n"), [0, 1, 2, 5]);
    assert!(sysfs::parse_list("\n").is_empty());
    assert!(sysfs::parse_list("0-99999999").len() < 2000);
}

fn read(fs: &dyn FileSystem, path: &str) -> Vec<u8> {
    let dir = path.split('/').fold(fs.root(), |at, name| at.lookup(name.as_bytes()).expect(name));
    assert_eq!(dir.file_type(), FileType::Regular);
    let file = dir.open(OpenFlags::empty()).expect("open");
    let mut buf = alloc::vec![0; 64 << 10];
    let n = file.read_at(0, &mut IovIter::kernel_mut(&mut buf)).expect("read");
    buf.truncate(n);
    buf
}

#[test]
fn sys_shows_the_hosts_processors() {
    host::testing::init();
    let fs = super::sys_fs();
    let online = "devices/system/cpu/online";
    assert_eq!(read(&*fs, online), read_host(&["/sys", online].join("/")).expect("host"));
    let mut names = Vec::new();
    let dir = fs.root().open(OpenFlags::empty()).expect("open");
    let done = dir.readdir(0, &mut |e| {
        names.push(String::from_utf8_lossy(e.name).to_string());
        true
    });
    assert!(done.is_ok());
    assert!(names.contains(&"class".to_string()) && names.contains(&"..".to_string()), "{names:?}");
}

#[test]
fn files_that_need_no_kernel() {
    host::testing::init();
    let fs = super::proc_fs();
    assert_eq!(read(&*fs, "version"), read_host("/proc/version").expect("host"));
    assert_eq!(read(&*fs, "sys/kernel/pid_max"), b"32768\n");
    assert_eq!(read(&*fs, "sys/kernel/random/boot_id"), read(&*fs, "sys/kernel/random/boot_id"));
    assert_ne!(read(&*fs, "sys/kernel/random/uuid"), read(&*fs, "sys/kernel/random/uuid"));
    assert_eq!(
        read(&*fs, "swaps"),
        read_host("/proc/swaps").expect("host").split_inclusive(|&b| b == b'\n').next().expect("line")
    );
    // The tables of sockets have the host's headers.
    for (name, buf) in net::headers() {
        let host = host_text(&format!("/proc/net/{name}"));
        // A host without a network shows none.
        if !host.is_empty() {
            assert_eq!(text(buf).lines().next(), host.lines().next(), "{name}");
        }
    }
}
