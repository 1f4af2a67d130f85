//! Where an inode stands, and how the host is told.
//!
//! A [`Place`] is a parent and a name, so that a rename of ours moves all descendants with it. From places come paths
//! relative to the root descriptor, or in a frozen tree to the nearest directory above that somebody has open, which spares
//! the host the walk; one longer than `PATH_MAX` is opened piece by piece.

use super::Shared;
use super::dir::HostDir;
use super::inode::HostInode;
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ffi::CStr;
use host::sys::{fd::HostFd, path};
use host::user::PATH_MAX;
use host::{Errno, Result};

const O_PATH: u32 = 0o10000000;
const O_DIRECTORY: u32 = 0o200000;
const O_NOFOLLOW: u32 = 0o400000;

/// A descriptor that stands for an inode without a name (any more).
#[derive(Clone)]
pub(super) struct Pin {
    pub fd: Arc<HostFd>,
    /// Opened for reading and writing (`O_TMPFILE`), not merely `O_PATH`.
    pub io: bool,
}

/// Where an inode stands.
pub(super) struct Place {
    /// `None` for the root.
    pub parent: Option<Arc<HostInode>>,
    pub name: Box<[u8]>,
    /// Set once the name is gone: the descriptor stands for the inode.
    pub pin: Option<Pin>,
    /// Of a directory of a frozen tree: what was opened of it last.
    pub opened: Weak<HostDir>,
}

/// The directory part of a host call's arguments.
enum Base<'a> {
    Root(&'a HostFd),
    Opened(HostFd),
    Above(Above),
}

/// What a path is relative to in place of the root.
enum Above {
    Pin(Arc<HostFd>),
    Open(Arc<HostDir>),
}

impl Above {
    fn raw(&self) -> i32 {
        match self {
            Above::Pin(fd) => fd.raw(),
            Above::Open(dir) => dir.descriptor().raw(),
        }
    }
}

/// A directory descriptor and a path below it, ready for a host call. An empty path means the descriptor itself.
pub(super) struct At<'a> {
    base: Base<'a>,
    path: CString,
}

impl At<'_> {
    pub fn dir(&self) -> i32 {
        match &self.base {
            Base::Root(fd) => fd.raw(),
            Base::Opened(fd) => fd.raw(),
            Base::Above(above) => above.raw(),
        }
    }

    pub fn path(&self) -> &CStr {
        &self.path
    }

    /// An `O_PATH` descriptor of the very file.
    pub fn pin(&self) -> Result<Arc<HostFd>> {
        if let Base::Above(Above::Pin(fd)) = &self.base
            && self.path.is_empty()
        {
            return Ok(fd.clone());
        }
        path::open(self.dir(), &self.path, O_PATH | O_NOFOLLOW, 0).map(Arc::new)
    }
}

/// A C string; a name with a NUL in it cannot exist.
pub(super) fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Errno::ENOENT)
}

impl Place {
    /// Of a new inode.
    pub fn new(parent: Option<Arc<HostInode>>, name: &[u8]) -> Place {
        Place { parent, name: name.into(), pin: None, opened: Weak::new() }
    }
}

/// The path from the root (or from a pinned or open ancestor) down, without a leading slash.
struct Trail {
    from: Option<Above>,
    path: Vec<u8>,
}

/// Where a walk up may end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// At the root, or at a pin.
    Root,
    /// Or at a directory that is open.
    Open,
}

/// Walks up from `inode`, writing the path backwards.
fn trail(inode: &HostInode, child: Option<&[u8]>, until: Until) -> Trail {
    let mut back = Vec::with_capacity(128);
    if let Some(name) = child {
        push_back(&mut back, name);
    }
    let (mut from, mut next) = step(inode, &mut back, until);
    while let Some(at) = next {
        (from, next) = step(&at, &mut back, until);
    }
    back.reverse();
    Trail { from, path: back }
}

/// Adds one name; gives the descriptor at which the walk ends, or the parent with which it goes on.
fn step(inode: &HostInode, back: &mut Vec<u8>, until: Until) -> (Option<Above>, Option<Arc<HostInode>>) {
    let place = inode.place.lock();
    if let Some(pin) = &place.pin {
        return (Some(Above::Pin(pin.fd.clone())), None);
    }
    if until == Until::Open
        && let Some(dir) = place.opened.upgrade()
    {
        return (Some(Above::Open(dir)), None);
    }
    if place.parent.is_some() {
        push_back(back, &place.name);
    }
    (None, place.parent.clone())
}

fn push_back(back: &mut Vec<u8>, name: &[u8]) {
    if !back.is_empty() {
        back.push(b'/');
    }
    back.extend(name.iter().rev());
}

/// Opens directories on the way as long as what is left does not fit into one path.
fn shorten<'a>(base: Base<'a>, path: &[u8]) -> Result<At<'a>> {
    let mut at = At { base, path: CString::default() };
    let mut rest = path;
    while rest.len() >= PATH_MAX {
        let head = rest.get(..PATH_MAX - 1).unwrap_or_default();
        let cut = head.iter().rposition(|&b| b == b'/').ok_or(Errno::ENAMETOOLONG)?;
        let (dirs, tail) = rest.split_at(cut);
        let fd = path::open(at.dir(), &c_string(dirs)?, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0)?;
        at.base = Base::Opened(fd);
        rest = tail.get(1..).unwrap_or_default();
    }
    at.path = c_string(rest)?;
    Ok(at)
}

/// The inode by a path from the root: for questions, and for `openat2`, which refuses symlinks on the way.
pub(super) fn quick<'a>(fs: &'a Shared, inode: &HostInode, child: Option<&[u8]>) -> Result<At<'a>> {
    let trail = trail(inode, child, Until::Open);
    match trail.from {
        Some(above) => shorten(Base::Above(above), &trail.path),
        None if trail.path.is_empty() => Ok(At { base: Base::Root(&fs.root), path: c_string(b".")? }),
        None => shorten(Base::Root(&fs.root), &trail.path),
    }
}

/// The directory itself, opened so that no symlink could intervene.
pub(super) fn directory<'a>(fs: &'a Shared, inode: &HostInode) -> Result<At<'a>> {
    let mut at = quick(fs, inode, None)?;
    if at.path.is_empty() || at.path.as_bytes() == b"." {
        at.path = CString::default();
        return Ok(at);
    }
    let fd = path::open(at.dir(), &at.path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0)?;
    Ok(At { base: Base::Opened(fd), path: CString::default() })
}

/// A name in a directory, for calls that change something and would follow symlinks on the way.
pub(super) fn firm_child<'a>(fs: &'a Shared, dir: &HostInode, name: &[u8]) -> Result<At<'a>> {
    let mut at = directory(fs, dir)?;
    at.path = c_string(name)?;
    Ok(at)
}

/// The inode itself, as [`firm_child`].
pub(super) fn firm<'a>(fs: &'a Shared, inode: &HostInode) -> Result<At<'a>> {
    let (parent, name) = {
        let place = inode.place.lock();
        match (&place.pin, &place.parent) {
            (None, Some(parent)) => (parent.clone(), place.name.clone()),
            _ => {
                drop(place);
                return quick(fs, inode, None);
            }
        }
    };
    firm_child(fs, &parent, &name)
}

/// The path of an inode below the root of the instance, with a leading slash (empty for the root); `None` if a pin is on
/// the way.
pub(super) fn absolute(inode: &HostInode) -> Option<Vec<u8>> {
    let trail = trail(inode, None, Until::Root);
    if trail.from.is_some() {
        return None;
    }
    let mut path = Vec::with_capacity(trail.path.len() + 1);
    if !trail.path.is_empty() {
        path.push(b'/');
        path.extend_from_slice(&trail.path);
    }
    Some(path)
}
