//! Extended attributes. The host takes them by path: of a frozen tree by its absolute one, of a live tree below
//! `/proc/self/fd/N` of the parent, so that no symlink can intervene.

use super::inode::HostInode;
use super::place::{self, At, c_string};
use alloc::ffi::CString;
use alloc::vec::Vec;
use host::sys::path;
use host::{Errno, Result};

/// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
const MAX: usize = 65536;

/// A path, and what must stay open while it is used.
struct Named<'a> {
    path: CString,
    _open: Option<At<'a>>,
}

fn named(inode: &HostInode) -> Result<Named<'_>> {
    let fs = &inode.fs;
    if fs.frozen {
        let below = place::absolute(inode).ok_or(Errno::EOPNOTSUPP)?;
        let mut path = fs.host_path.to_vec();
        path.extend_from_slice(&below);
        if path.is_empty() {
            path.push(b'/');
        }
        return Ok(Named { path: c_string(&path)?, _open: None });
    }
    let at = place::firm(fs, inode)?;
    let mut tail = Vec::from(b"/");
    tail.extend_from_slice(if at.path().is_empty() { b"." } else { at.path().to_bytes() });
    Ok(Named { path: path::proc_fd(at.dir(), &tail), _open: Some(at) })
}

/// Asks with a small buffer first, then with the largest.
fn ask(call: impl Fn(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut small = [0; 256];
    match call(&mut small) {
        Ok(n) => return Ok(small.get(..n).unwrap_or_default().to_vec()),
        Err(Errno::ERANGE) => {}
        Err(e) => return Err(e),
    }
    let mut large = alloc::vec![0; MAX];
    let n = call(&mut large)?;
    large.truncate(n);
    large.shrink_to_fit();
    Ok(large)
}

pub(super) fn get(inode: &HostInode, name: &[u8]) -> Result<Vec<u8>> {
    let _still = inode.fs.still();
    let at = named(inode)?;
    let name = c_string(name)?;
    ask(|buf| path::getxattr(&at.path, &name, buf))
}

pub(super) fn set(inode: &HostInode, name: &[u8], value: &[u8], flags: u32) -> Result<()> {
    let _still = inode.fs.still();
    let at = named(inode)?;
    path::setxattr(&at.path, &c_string(name)?, value, flags)
}

pub(super) fn list(inode: &HostInode) -> Result<Vec<u8>> {
    let _still = inode.fs.still();
    let at = named(inode)?;
    ask(|buf| path::listxattr(&at.path, buf))
}

pub(super) fn remove(inode: &HostInode, name: &[u8]) -> Result<()> {
    let _still = inode.fs.still();
    let at = named(inode)?;
    path::removexattr(&at.path, &c_string(name)?)
}
