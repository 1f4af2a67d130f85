//! `/proc/PID/mounts` and `mountinfo` (`fs/proc_namespace.c`).

use super::subject::Subject;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fs_emu::vfs::{MountFlags, MountInfo};
use host::Result;
use host::abi::dev_split;

/// `/proc/PID/mounts`.
pub(super) fn mounts(subject: &Subject) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    list(subject)?.iter().for_each(|m| mount_line(m, &mut out));
    Ok(out)
}

/// `/proc/PID/mountinfo`.
pub(super) fn mountinfo(subject: &Subject) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    list(subject)?.iter().for_each(|m| info_line(m, &mut out));
    Ok(out)
}

fn list(subject: &Subject) -> Result<Vec<MountInfo>> {
    // As the subject sees them, from its root.
    let root = subject.live_task()?.fs().root();
    Ok(crate::kernel::kernel().mounts.list(&root))
}

/// `source place kind options 0 0`.
pub(super) fn mount_line(m: &MountInfo, out: &mut Vec<u8>) {
    mangle(source(m), out);
    out.push(b' ');
    mangle(&m.at, out);
    out.extend_from_slice(format!(" {} {} 0 0\n", m.kind, options(m.flags)).as_bytes());
}

/// `id parent dev root place options - kind source super-options`.
pub(super) fn info_line(m: &MountInfo, out: &mut Vec<u8>) {
    let (major, minor) = dev_split(m.dev);
    out.extend_from_slice(format!("{} {} {major}:{minor} ", m.id, m.parent).as_bytes());
    mangle(&m.root, out);
    out.push(b' ');
    mangle(&m.at, out);
    out.extend_from_slice(format!(" {} - {} ", options(m.flags), m.kind).as_bytes());
    mangle(source(m), out);
    out.extend_from_slice(b" rw\n");
}

fn source(m: &MountInfo) -> &[u8] {
    if m.source.is_empty() { b"none" } else { &m.source }
}

fn options(flags: MountFlags) -> String {
    let names = [
        (MountFlags::NOSUID, ",nosuid"),
        (MountFlags::NODEV, ",nodev"),
        (MountFlags::NOEXEC, ",noexec"),
        (MountFlags::NOATIME, ",noatime"),
        (MountFlags::NODIRATIME, ",nodiratime"),
        (MountFlags::RELATIME, ",relatime"),
        (MountFlags::NOSYMFOLLOW, ",nosymfollow"),
    ];
    let mut out = String::from(if flags.contains(MountFlags::RDONLY) { "ro" } else { "rw" });
    names.iter().filter(|(flag, _)| flags.contains(*flag)).for_each(|(_, name)| out.push_str(name));
    out
}

/// Blanks, tabs, line feeds, backslashes and hashes as octal escapes, so that a line's fields can be told apart.
pub(super) fn mangle(text: &[u8], out: &mut Vec<u8>) {
    for &b in text {
        match b {
            b' ' | b'\t' | b'\n' | b'\\' | b'#' => out.extend_from_slice(format!("\\{b:03o}").as_bytes()),
            _ => out.push(b),
        }
    }
}
