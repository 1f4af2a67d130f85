//! A file of the host: identity, attributes, opening.

use super::file::HostFile;
use super::keep::Kept;
use super::place::{self, At, Place};
use super::{Shared, dir, names, xattr};
use crate::file::{FileOps, OpenFlags};
use crate::inode::{FileType, Inode, InodeRef, Metadata, Owner, SetAttr};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use host::abi::{Statx, StatxTimestamp, Timespec, dev_join};
use host::lock::{Mutex, rank};
use host::rcu::{self, RcuCell};
use host::sys::fd::{self, HostFd};
use host::sys::path;
use host::user::PATH_MAX;
use host::{Errno, Result};

const STATX_ALL: u32 = 0xfff;
const O_RDWR: u32 = 2;
const O_WRONLY: u32 = 1;
const O_NONBLOCK: u32 = 0o4000;
const O_NOCTTY: u32 = 0o400;
const O_NOFOLLOW: u32 = 0o400000;

/// A file of the host, by its place in the tree. Live trees hand out one object per name; frozen ones leave that to the
/// dentry cache above.
pub struct HostInode {
    pub(super) fs: Arc<Shared>,
    pub(super) me: Weak<HostInode>,
    /// As found; for frozen trees, for good.
    found: Metadata,
    pub(super) place: Mutex<Place, { rank::LEAF }>,
    pub(super) live: Mutex<Live, { rank::LEAF }>,
    /// Of a regular file of a frozen tree.
    pub(super) kept: RcuCell<Kept>,
    /// Where a symlink of a frozen tree leads, once somebody has asked.
    target: RcuCell<Vec<u8>>,
}

/// What only live trees keep.
#[derive(Default)]
pub(super) struct Live {
    /// The inodes found in this directory, so that renames and removals reach them.
    pub children: BTreeMap<Box<[u8]>, Weak<HostInode>>,
    /// Length of `children` at which dead ones are swept next.
    pub sweep_at: usize,
    /// Open files, whose descriptors know the file better than its name does.
    opened: Vec<Weak<HostFile>>,
    /// The descriptor that creating the file gave, for its first open: the mode may forbid a second.
    fresh: Option<HostFd>,
}

impl HostInode {
    pub(super) fn root(fs: &Arc<Shared>) -> Result<Arc<HostInode>> {
        let found = metadata_of(&path::statx(fs.root.raw(), c"", STATX_ALL)?);
        if found.file_type() != FileType::Directory {
            return Err(Errno::ENOTDIR);
        }
        Ok(HostInode::new(fs, found, Place::new(None, b"")))
    }

    pub(super) fn new(fs: &Arc<Shared>, found: Metadata, place: Place) -> Arc<HostInode> {
        Arc::new_cyclic(|me| HostInode {
            fs: fs.clone(),
            me: me.clone(),
            found,
            place: Mutex::new(place),
            live: Mutex::new(Live::default()),
            kept: RcuCell::new(None),
            target: RcuCell::new(None),
        })
    }

    pub(super) fn is_same_file(&self, other: &Metadata) -> bool {
        let mine = &self.found;
        (mine.dev, mine.ino, mine.mode >> 12) == (other.dev, other.ino, other.mode >> 12)
    }

    pub(super) fn keep_fresh(&self, fd: HostFd) {
        let old = self.live.lock().fresh.replace(fd);
        drop(old);
    }

    /// An open file of this inode, a writable one if asked.
    fn opened(&self, writable: bool) -> Option<Arc<HostFile>> {
        if self.fs.frozen {
            return None;
        }
        let live = self.live.lock();
        live.opened.iter().filter_map(Weak::upgrade).find(|f| f.writable() || !writable)
    }

    fn remember(&self, file: &Arc<HostFile>) {
        if !self.fs.frozen {
            let mut live = self.live.lock();
            live.opened.retain(|f| f.strong_count() > 0);
            live.opened.push(Arc::downgrade(file));
        }
    }

    /// Whether its kept part was used since this was asked last.
    pub(super) fn was_used(&self) -> bool {
        self.kept.get(&rcu::read()).is_some_and(|kept| kept.get().was_used())
    }

    /// Opens a file of a frozen tree for reading.
    fn open_kept(self: &Arc<Self>) -> Result<Arc<HostFile>> {
        let kept = match self.kept.get_arc() {
            Some(kept) => {
                kept.again();
                kept
            }
            None => self.fs.keeper.enter(self, self.open_host(0)?, self.found.size),
        };
        Ok(HostFile::of_kept(kept, &self.fs))
    }

    fn open_regular(self: &Arc<Self>, flags: OpenFlags) -> Result<Arc<HostFile>> {
        const PASSED: OpenFlags = OpenFlags::DSYNC.union(OpenFlags::SYNC_ONLY);
        if flags.writable() {
            self.fs.writable()?;
        }
        if self.fs.frozen && !flags.writable() {
            return self.open_kept();
        }
        let access = if flags.writable() { flags.bits() & 3 } else { 0 };
        let fd = match self.ready_descriptor(access)? {
            Some(fd) => fd,
            None => Arc::new(self.open_host(access | (flags & PASSED).bits())?),
        };
        let file = HostFile::new(fd, flags.writable());
        self.remember(&file);
        Ok(file)
    }

    /// A descriptor that need not be opened by name: the one that created the file, or the pin of a nameless one.
    fn ready_descriptor(&self, access: u32) -> Result<Option<Arc<HostFd>>> {
        if self.fs.frozen {
            return Ok(None);
        }
        if let Some(fd) = self.live.lock().fresh.take() {
            return Ok(Some(Arc::new(fd)));
        }
        let Some(pin) = self.place.lock().pin.clone() else {
            return Ok(None);
        };
        if pin.io {
            return Ok(Some(pin.fd));
        }
        path::open_follow(-1, &path::proc_fd(pin.fd.raw(), b""), access | O_NOCTTY, 0).map(|fd| Some(Arc::new(fd)))
    }

    fn open_host(&self, flags: u32) -> Result<HostFd> {
        let _still = self.fs.still();
        let at = place::quick(&self.fs, self, None)?;
        let flags = flags | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
        if flags & (O_RDWR | O_WRONLY) != 0 {
            return path::open(at.dir(), at.path(), flags, 0);
        }
        self.fs.open_quietly(self.found.uid, |extra| path::open(at.dir(), at.path(), flags | extra, 0))
    }

    fn read_target(&self) -> Result<Vec<u8>> {
        let _still = self.fs.still();
        let at = place::quick(&self.fs, self, None)?;
        let mut target = alloc::vec![0; PATH_MAX];
        let n = path::readlink(at.dir(), at.path(), &mut target)?;
        target.truncate(n);
        target.shrink_to_fit();
        Ok(target)
    }

    fn set_size(&self, size: u64) -> Result<()> {
        if let Some(file) = self.opened(true) {
            return fd::ftruncate(file.descriptor(), size);
        }
        if let Some(fresh) = &self.live.lock().fresh {
            return fd::ftruncate(fresh, size);
        }
        match self.ready_descriptor(O_WRONLY)? {
            Some(fd) => fd::ftruncate(&fd, size),
            None => fd::ftruncate(&self.open_host(O_WRONLY)?, size),
        }
    }

    fn set_names(&self, at: &At<'_>, attr: &SetAttr) -> Result<()> {
        if attr.uid.is_some() || attr.gid.is_some() {
            let keep = u32::MAX;
            path::chown(at.dir(), at.path(), attr.uid.unwrap_or(keep), attr.gid.unwrap_or(keep))?;
        }
        if let Some(mode) = attr.mode {
            chmod(at, mode)?;
        }
        if attr.atime.is_some() || attr.mtime.is_some() {
            const OMIT: Timespec = Timespec { sec: 0, nsec: 0x3fff_fffe };
            let times = [attr.atime.unwrap_or(OMIT), attr.mtime.unwrap_or(OMIT)];
            path::utimens(at.dir(), at.path(), &times)?;
        }
        Ok(())
    }
}

/// Changes the mode without following a symlink; older kernels need the detour over an `O_PATH` descriptor.
pub(super) fn chmod(at: &At<'_>, mode: u32) -> Result<()> {
    match path::chmod_nofollow(at.dir(), at.path(), mode) {
        // Some seccomp profiles answer calls they do not know with EPERM.
        Err(Errno::ENOSYS | Errno::EPERM) => {}
        other => return other,
    }
    let pin = at.pin()?;
    path::chmod(-1, &path::proc_fd(pin.raw(), b""), mode)
}

/// What the host says of a file.
pub(super) fn stat(at: &At<'_>) -> Result<Metadata> {
    path::statx(at.dir(), at.path(), STATX_ALL).map(|st| metadata_of(&st))
}

pub(super) fn stat_fd(fd: i32) -> Result<Metadata> {
    path::statx(fd, c"", STATX_ALL).map(|st| metadata_of(&st))
}

fn metadata_of(st: &Statx) -> Metadata {
    let time = |t: &StatxTimestamp| Timespec { sec: t.sec, nsec: i64::from(t.nsec) };
    Metadata {
        dev: dev_join(st.dev_major, st.dev_minor),
        ino: st.ino,
        mode: u32::from(st.mode),
        nlink: st.nlink,
        uid: st.uid,
        gid: st.gid,
        rdev: dev_join(st.rdev_major, st.rdev_minor),
        size: st.size,
        blksize: st.blksize,
        blocks: st.blocks,
        atime: time(&st.atime),
        mtime: time(&st.mtime),
        ctime: time(&st.ctime),
        btime: time(&st.btime),
    }
}

impl Inode for HostInode {
    fn metadata(&self) -> Result<Metadata> {
        if self.fs.frozen {
            return Ok(self.found);
        }
        if let Some(file) = self.opened(false) {
            return stat_fd(file.descriptor().raw());
        }
        let _still = self.fs.still();
        stat(&place::quick(&self.fs, self, None)?)
    }

    fn file_type(&self) -> FileType {
        self.found.file_type()
    }

    fn mode_owner(&self) -> Result<(u32, Owner)> {
        let m = self.metadata()?;
        Ok((m.mode, Owner { uid: m.uid, gid: m.gid }))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        names::lookup(self, name).map(|i| i as InodeRef)
    }

    fn create(&self, name: &[u8], mode: u32, rdev: u64, owner: Owner) -> Result<InodeRef> {
        names::create(self, name, mode, rdev, owner).map(|i| i as InodeRef)
    }

    fn create_unnamed(&self, mode: u32, owner: Owner) -> Result<InodeRef> {
        names::create_unnamed(self, mode, owner).map(|i| i as InodeRef)
    }

    fn symlink(&self, name: &[u8], target: &[u8], owner: Owner) -> Result<InodeRef> {
        names::symlink(self, name, target, owner).map(|i| i as InodeRef)
    }

    fn link(&self, name: &[u8], inode: &InodeRef) -> Result<()> {
        names::link(self, name, self.ours(inode)?)
    }

    fn unlink(&self, name: &[u8]) -> Result<()> {
        names::remove(self, name, false)
    }

    fn rmdir(&self, name: &[u8]) -> Result<()> {
        names::remove(self, name, true)
    }

    fn rename(&self, old: &[u8], new_dir: &InodeRef, new: &[u8], flags: u32) -> Result<()> {
        names::rename(self, old, self.ours(new_dir)?, new, flags)
    }

    fn readlink(&self) -> Result<Vec<u8>> {
        if self.file_type() != FileType::Symlink {
            return Err(Errno::EINVAL);
        }
        if let Some(known) = self.target.get(&rcu::read()) {
            return Ok(known.get().clone());
        }
        let target = self.read_target()?;
        if self.fs.frozen {
            drop(self.target.replace(Some(Arc::new(target.clone()))));
        }
        Ok(target)
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        self.fs.writable()?;
        if let Some(size) = attr.size {
            self.set_size(size)?;
        }
        let SetAttr { mode, uid, gid, atime, mtime, .. } = attr;
        if mode.is_none() && uid.is_none() && gid.is_none() && atime.is_none() && mtime.is_none() {
            return Ok(());
        }
        let _still = self.fs.still();
        self.set_names(&place::firm(&self.fs, self)?, attr)
    }

    fn open(self: Arc<Self>, flags: OpenFlags) -> Result<Arc<dyn FileOps>> {
        match self.file_type() {
            FileType::Regular => Ok(self.open_regular(flags)?),
            FileType::Directory => dir::open(&self),
            _ => Err(Errno::ENXIO),
        }
    }

    fn getxattr(&self, name: &[u8]) -> Result<Vec<u8>> {
        xattr::get(self, name)
    }

    fn setxattr(&self, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
        self.fs.writable()?;
        xattr::set(self, name, value, flags)
    }

    fn listxattr(&self) -> Result<Vec<u8>> {
        xattr::list(self)
    }

    fn removexattr(&self, name: &[u8]) -> Result<()> {
        self.fs.writable()?;
        xattr::remove(self, name)
    }
}

impl HostInode {
    /// The inode as one of this instance.
    fn ours<'a>(&self, inode: &'a InodeRef) -> Result<&'a HostInode> {
        let other = inode.as_any().downcast_ref::<HostInode>().ok_or(Errno::EXDEV)?;
        if Arc::ptr_eq(&self.fs, &other.fs) { Ok(other) } else { Err(Errno::EXDEV) }
    }

    pub(super) fn owner_uid(&self) -> u32 {
        self.found.uid
    }

    pub(super) fn is_owned_by(&self, owner: Owner) -> bool {
        (self.found.uid, self.found.gid) == (owner.uid, owner.gid)
    }
}

impl Drop for HostInode {
    /// Lets go of the ancestors one by one: a deep tree must not become a deep recursion.
    fn drop(&mut self) {
        let mut next = self.place.get_mut().parent.take();
        while let Some(parent) = next {
            next = Arc::into_inner(parent).and_then(|mut p| p.place.get_mut().parent.take());
        }
    }
}
