//! The outer half of the outer wall (DESIGN D9): Landlock lets guests change host files below the writable binds only.
//!
//! The rules come from the sandbox's description, and the supervisor makes them before there is a guest; the first host process enters
//! them for good, and all others are made from it. With `--net-allow` it also holds TCP to the ports that were named. Reading is not restricted: the default root shows all of the host's tree.
//! Hosts without Landlock (before ABI 2) have no such wall; `umlaut doctor` says so. The other half is a seccomp filter,
//! `personality::trap::wall`.

use crate::sandbox::Sandbox;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

const VERSION: u32 = 1;
const PATH_BENEATH: u32 = 1;
const NET_PORT: u32 = 2;
/// `LANDLOCK_ACCESS_NET_CONNECT_TCP`.
const CONNECT_TCP: u64 = 2;

const WRITE_FILE: u64 = 1 << 1;
/// `REMOVE_DIR` to `MAKE_SYM`.
const NAMES: u64 = 0x1ff << 4;
/// From ABI 2 on: moving between directories. Without it every such move is refused.
const REFER: u64 = 1 << 13;
/// From ABI 3 on.
const TRUNCATE: u64 = 1 << 14;

#[repr(C)]
struct Ruleset {
    handled_access_fs: u64,
    /// Known from ABI 4 on.
    handled_access_net: u64,
}

#[repr(C)]
struct NetPort {
    allowed_access: u64,
    port: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed_access: u64,
    parent_fd: i32,
}

/// Rules that are ready to be entered.
pub struct Wall(OwnedFd);

/// The host's Landlock version; 0 for none.
pub fn landlock_abi() -> i64 {
    // SAFETY: asks for the version only: no structure is read.
    unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0usize, 0usize, VERSION) }.max(0)
}

/// Makes the rules; `None` where the host has no Landlock that can express them.
pub fn build(sandbox: &Sandbox, descriptors: &[i32]) -> Option<Wall> {
    let abi = landlock_abi();
    if abi < 2 {
        return None;
    }
    let all = WRITE_FILE | NAMES | REFER | if abi >= 3 { TRUNCATE } else { 0 };
    // Where only some addresses may be connected to, Landlock sees to their ports.
    let ports = super::network::ports(sandbox).filter(|_| abi >= 4);
    let attr = Ruleset { handled_access_fs: all, handled_access_net: if ports.is_some() { CONNECT_TCP } else { 0 } };
    let size = if abi >= 4 { size_of::<Ruleset>() } else { size_of::<u64>() };
    // SAFETY: a live structure of the size given; the descriptor is ours alone.
    let rules = unsafe {
        let fd = libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attr, size, 0);
        if fd < 0 {
            return None;
        }
        OwnedFd::from_raw_fd(fd as i32)
    };
    let on_files = WRITE_FILE | (all & TRUNCATE);
    for bind in sandbox.binds.iter().filter(|b| b.writable) {
        allow(&rules, &bind.source, if bind.source.is_dir() { all } else { on_files });
    }
    // What umlaut was started with may be opened anew by way of `/proc/self/fd`; the terminal is not passed on.
    for fd in descriptors.iter().filter(|fd| !super::terminal::found().is_some_and(|user| user.is(**fd))) {
        allow_open(&rules, *fd, on_files);
    }
    for port in ports.unwrap_or_default() {
        let rule = NetPort { allowed_access: CONNECT_TCP, port: u64::from(port) };
        add(&rules, NET_PORT, (&raw const rule).cast());
    }
    Some(Wall(rules))
}

/// Adds a rule. What cannot be opened or is no file of a file system (a pipe) needs none.
fn allow(rules: &OwnedFd, path: &std::path::Path, access: u64) {
    if let Ok(file) = File::options().read(true).custom_flags(libc::O_PATH).open(path) {
        allow_open(rules, file.as_raw_fd(), access);
    }
}

/// The same for what is open already.
fn allow_open(rules: &OwnedFd, fd: i32, access: u64) {
    const KIND: u32 = 0o170000;
    let kind = host::sys::fd::fstat(fd).map_or(0, |m| m.mode & KIND);
    if kind == libc::S_IFIFO || kind == libc::S_IFSOCK {
        return;
    }
    let rule = PathBeneath { allowed_access: access, parent_fd: fd };
    add(rules, PATH_BENEATH, (&raw const rule).cast());
}

/// Adds a rule of this type, a live structure.
fn add(rules: &OwnedFd, kind: u32, rule: *const libc::c_void) {
    // SAFETY: both callers give the address of a live structure of that type.
    unsafe { libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), kind, rule, 0) };
}

impl Wall {
    /// Puts the calling process behind the wall, for good. Whether it stands.
    pub fn enter(&self) -> bool {
        // SAFETY: plain numbers; with `no_new_privs` nobody needs a right for it.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_landlock_restrict_self, self.0.as_raw_fd(), 0) == 0
        }
    }
}
