//! `mount` and `umount2` (Linux's `fs/namespace.c`): tmpfs, bind mounts, remounts, and another view of `/proc` or `/sys`.
//!
//! There is one tree of mounts and no propagation, so that the calls that only change propagation succeed and do nothing.
//! `MS_REC` binds one mount, not those below it. `MS_MOVE` and `MNT_EXPIRE` answer `EINVAL`.

use super::path::{self, AT_FDCWD, AT_SYMLINK_NOFOLLOW, Asker};
use crate::dispatch::Call;
use crate::table::{PathPtr, Ptr};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::cred::Caps;
use fs_emu::tmpfs::{Limits, TmpFs};
use fs_emu::vfs::{MountFlags, Path};
use fs_emu::{Cred, FileSystem, Owner};
use host::abi::dev_join;
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};
use vkernel::kernel::kernel;

const MS_REMOUNT: u64 = 32;
const MS_BIND: u64 = 4096;
const MS_MOVE: u64 = 8192;
const MS_REC: u64 = 16384;
const MS_SILENT: u64 = 32768;
/// `MS_UNBINDABLE`, `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`.
const PROPAGATION: [u64; 4] = [1 << 17, 1 << 18, 1 << 19, 1 << 20];
const MS_STRICTATIME: u64 = 1 << 24;
/// An old magic number in the upper half, which has no meaning.
const MAGIC: u64 = 0xc0ed_0000;
const MAGIC_MASK: u64 = 0xffff_0000;
/// Device numbers of mounts made inside start here.
const FIRST_DEV: u64 = 0x1000;

/// `mount(2)`.
pub fn mount(
    call: &mut Call<'_>,
    source: PathPtr,
    target: PathPtr,
    fstype: PathPtr,
    flags: u64,
    data: Ptr,
) -> Result<usize> {
    let kind = read_text(fstype.0)?;
    let source = read_text(source.0)?;
    let options = read_options(data.0)?;
    let asker = Asker::of(call.task);
    let name = path::read(target)?;
    let at = path::find(call.task, &asker, AT_FDCWD, &name, path::resolve(0))?;
    if !asker.cred.capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let flags = if flags & MAGIC_MASK == MAGIC { flags & !MAGIC_MASK } else { flags };
    let mount_flags = mount_flags(flags, &at);
    let changes: u64 = PROPAGATION.iter().sum();
    if flags & MS_REMOUNT != 0 {
        return remount(&at, mount_flags);
    }
    if flags & MS_BIND != 0 {
        let what = source.filter(|s| !s.is_empty()).ok_or(Errno::EINVAL)?;
        let what = path::find(call.task, &asker, AT_FDCWD, &what, path::resolve(0))?;
        // The flags of a bind mount are those of what it shows, until a remount.
        let inherited = what.mount.flags();
        return kernel().mounts.bind(&what, at, inherited).map(|_| 0);
    }
    if flags & changes != 0 {
        return propagation(&at, flags);
    }
    if flags & MS_MOVE != 0 {
        return Err(Errno::EINVAL);
    }
    let kind = kind.ok_or(Errno::EINVAL)?;
    new_mount(&asker.cred, &kind, source.as_deref(), at, mount_flags, &options)
}

/// A string of at most a page; `None` for NULL.
fn read_text(addr: usize) -> Result<Option<Vec<u8>>> {
    if addr == 0 {
        return Ok(None);
    }
    user::read_cstr(addr, PAGE_SIZE, Errno::EINVAL).map(Some)
}

/// Options are a page of bytes, of which as many as there are count; here they are text.
fn read_options(addr: usize) -> Result<Vec<u8>> {
    Ok(read_text(addr)?.unwrap_or_default())
}

/// The mount's own flags: `relatime` unless told otherwise; a remount that says nothing of access times keeps them.
fn mount_flags(flags: u64, at: &Path) -> MountFlags {
    let times = MountFlags::NOATIME | MountFlags::NODIRATIME | MountFlags::RELATIME;
    let given = MountFlags::from_bits_truncate(flags as u32);
    if flags & MS_REMOUNT != 0 && flags & MS_STRICTATIME == 0 && !given.intersects(times) {
        return given | (at.mount.flags() & times);
    }
    if flags & MS_STRICTATIME != 0 {
        return given - (MountFlags::NOATIME | MountFlags::RELATIME);
    }
    if given.contains(MountFlags::NOATIME) { given - MountFlags::RELATIME } else { given | MountFlags::RELATIME }
}

/// With `MS_BIND` Linux changes the mount only, without it the file system too. Here a file system has no flags of its own.
fn remount(at: &Path, flags: MountFlags) -> Result<usize> {
    if !at.is_mount_root() {
        return Err(Errno::EINVAL);
    }
    at.mount.set_flags(flags);
    Ok(0)
}

/// `do_change_type`.
fn propagation(at: &Path, flags: u64) -> Result<usize> {
    let known: u64 = PROPAGATION.iter().sum::<u64>() | MS_REC | MS_SILENT;
    let one = PROPAGATION.iter().filter(|f| flags & **f != 0).count() == 1;
    if !at.is_mount_root() || flags & !known != 0 || !one { Err(Errno::EINVAL) } else { Ok(0) }
}

fn new_mount(
    cred: &Cred,
    kind: &[u8],
    source: Option<&[u8]>,
    at: Path,
    flags: MountFlags,
    options: &[u8],
) -> Result<usize> {
    let mounts = &kernel().mounts;
    let source = source.unwrap_or(b"none");
    if kind == b"tmpfs" || kind == b"ramfs" {
        let owner = Owner { uid: cred.fsuid, gid: cred.fsgid };
        let fs: Arc<dyn FileSystem> = TmpOptions::parse(options, owner)?.make()?;
        return mounts.mount(at, fs, flags, source).map(|_| 0);
    }
    if !matches!(kind, b"proc" | b"sysfs" | b"devpts") {
        return Err(Errno::ENODEV);
    }
    // There is one instance of each: another mount of it.
    let known = mounts.mounts().into_iter().find(|m| m.fs().name().as_bytes() == kind).ok_or(Errno::ENODEV)?;
    mounts.bind(&known.root_path(), at, flags).map(|_| 0)
}

/// The options of `tmpfs(5)`.
struct TmpOptions {
    limits: Limits,
    mode: u32,
    owner: Owner,
}

impl TmpOptions {
    fn parse(text: &[u8], owner: Owner) -> Result<TmpOptions> {
        let mut o = TmpOptions { limits: Limits::default(), mode: 0o1777, owner };
        for option in text.split(|&b| b == b',').filter(|o| !o.is_empty()) {
            let (key, value) = match option.iter().position(|&b| b == b'=') {
                Some(i) => (option.get(..i).unwrap_or_default(), option.get(i + 1..).unwrap_or_default()),
                None => (option, &[][..]),
            };
            o.set(key, value)?;
        }
        Ok(o)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let whole = |radix| core::str::from_utf8(value).ok().and_then(|v| u32::from_str_radix(v, radix).ok());
        // 0 is no limit.
        let limit = |n: u64| if n == 0 { Limits::default() } else { Limits { pages: n, inodes: n } };
        match key {
            b"size" => {
                let pages = amount(value)?.div_ceil(PAGE_SIZE as u64);
                self.limits.pages = limit(pages).pages;
            }
            b"nr_blocks" => self.limits.pages = limit(amount(value)?).pages,
            b"nr_inodes" => self.limits.inodes = limit(amount(value)?).inodes,
            b"mode" => self.mode = whole(8).ok_or(Errno::EINVAL)? & 0o7777,
            b"uid" => self.owner.uid = whole(10).ok_or(Errno::EINVAL)?,
            b"gid" => self.owner.gid = whole(10).ok_or(Errno::EINVAL)?,
            // About memory placement, which the host decides.
            b"huge" | b"mpol" | b"inode32" | b"inode64" | b"noswap" => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    fn make(self) -> Result<Arc<TmpFs>> {
        let n = FIRST_DEV.wrapping_add(kernel().next_id()) & 0xf_ffff;
        TmpFs::new(dev_join(0, n as u32), self.limits, self.mode, self.owner)
    }
}

/// A number with `k`, `m`, `g`, or a percentage of the default size.
fn amount(text: &[u8]) -> Result<u64> {
    let (digits, unit) = match text.split_last() {
        Some((last, rest)) if !last.is_ascii_digit() => (rest, last.to_ascii_lowercase()),
        _ => (text, b'1'),
    };
    let n: u64 = core::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).ok_or(Errno::EINVAL)?;
    let factor = match unit {
        b'1' => 1,
        b'k' => 1 << 10,
        b'm' => 1 << 20,
        b'g' => 1 << 30,
        // The default is half of the memory: 50 %.
        b'%' => Limits::default().pages.saturating_mul(PAGE_SIZE as u64) / 50,
        _ => return Err(Errno::EINVAL),
    };
    n.checked_mul(factor).ok_or(Errno::EINVAL)
}

/// `umount2(2)`.
pub fn umount2(call: &mut Call<'_>, target: PathPtr, flags: u32) -> Result<usize> {
    /// Even if it is busy with the network: there is none.
    const FORCE: u32 = 1;
    const DETACH: u32 = 2;
    const EXPIRE: u32 = 4;
    const NOFOLLOW: u32 = 8;
    if flags & !(FORCE | DETACH | EXPIRE | NOFOLLOW) != 0 {
        return Err(Errno::EINVAL);
    }
    let name = path::read(target)?;
    let how = path::resolve(if flags & NOFOLLOW != 0 { AT_SYMLINK_NOFOLLOW } else { 0 });
    let at = path::find(call.task, &Asker::of(call.task), AT_FDCWD, &name, how)?;
    if !call.task.cred().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    if flags & EXPIRE != 0 {
        return Err(Errno::EINVAL);
    }
    kernel().mounts.umount(at, flags & DETACH != 0).map(|()| 0)
}
