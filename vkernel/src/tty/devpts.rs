//! `/dev/pts`: a node for every pseudo terminal (`fs/devpts/inode.c`). Locks: a node's attributes (a leaf).

use crate::kernel::kernel;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::pseudo::{Attr, DirSource, Entry, PseudoDir, PseudoFs, PseudoNode};
use fs_emu::{FileSystem, FileType, Inode, InodeRef, Metadata, Owner, SetAttr};
use host::abi::{Timespec, dev_join};
use host::lock::Mutex;
use host::{Errno, Result};

const DEV: u64 = dev_join(0, 82);
const MAGIC: i64 = 0x1cd1;
const ROOT_INO: u64 = 1;
const PTMX_INO: u64 = 2;
/// `/dev/ptmx`.
pub const PTMX: u64 = dev_join(5, 2);
/// The group that terminals belong to (`tty`), and their mode, as distributions mount devpts.
const TTY_GROUP: u32 = 5;
const MODE: u32 = 0o620;

/// A terminal's node.
pub struct PtsNode {
    index: u32,
    rdev: u64,
    attr: Mutex<(u32, Owner, [Timespec; 3])>,
}

impl PtsNode {
    /// Of a terminal of this user.
    pub(super) fn new(index: u32, rdev: u64, uid: u32) -> Arc<PtsNode> {
        let now = host::time::coarse();
        Arc::new(PtsNode { index, rdev, attr: Mutex::new((MODE, Owner { uid, gid: TTY_GROUP }, [now; 3])) })
    }

    /// The device number.
    pub fn rdev(&self) -> u64 {
        self.rdev
    }
}

impl Inode for PtsNode {
    fn metadata(&self) -> Result<Metadata> {
        let (mode, owner, [atime, mtime, ctime]) = *self.attr.lock();
        Ok(Metadata {
            dev: DEV,
            ino: u64::from(self.index) + 3,
            mode: FileType::CharDevice.mode() | mode,
            nlink: 1,
            uid: owner.uid,
            gid: owner.gid,
            rdev: self.rdev,
            blksize: 1024,
            atime,
            mtime,
            ctime,
            ..Metadata::default()
        })
    }

    fn file_type(&self) -> FileType {
        FileType::CharDevice
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        let mut now = self.attr.lock();
        let (mode, owner, times) = &mut *now;
        *mode = attr.mode.map_or(*mode, |m| m & 0o7777);
        owner.uid = attr.uid.unwrap_or(owner.uid);
        owner.gid = attr.gid.unwrap_or(owner.gid);
        *times = [attr.atime.unwrap_or(times[0]), attr.mtime.unwrap_or(times[1]), host::time::coarse()];
        Ok(())
    }
}

struct PtsDir {
    ptmx: InodeRef,
}

impl DirSource for PtsDir {
    fn attr(&self) -> Result<Attr> {
        Ok(Attr { time: kernel().boot.1, ..Attr::new(DEV, ROOT_INO, 0o755) })
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        if name == b"ptmx" {
            return Ok(self.ptmx.clone());
        }
        let index = parse(name).ok_or(Errno::ENOENT)?;
        kernel().ptys.node(index).ok_or(Errno::ENOENT)
    }

    fn list(&self) -> Result<Vec<Entry>> {
        let entry = |n: &u32| Entry {
            key: u64::from(*n) + 1,
            name: format!("{n}").into_bytes(),
            kind: FileType::CharDevice,
            ino: u64::from(*n) + 3,
        };
        let ptmx = Entry { key: 0, name: b"ptmx".to_vec(), kind: FileType::CharDevice, ino: PTMX_INO };
        Ok([ptmx].into_iter().chain(kernel().ptys.indices().iter().map(entry)).collect())
    }

    fn refusal(&self) -> Errno {
        Errno::EPERM
    }
}

/// A number as the directory shows it.
pub(super) fn parse(name: &[u8]) -> Option<u32> {
    let text = core::str::from_utf8(name).ok()?;
    let n: u32 = text.parse().ok()?;
    (format!("{n}") == text).then_some(n)
}

/// A new `/dev/pts`, to be mounted.
pub fn devpts_fs() -> Result<Arc<dyn FileSystem>> {
    let attr = Attr { time: host::time::coarse(), ..Attr::new(DEV, PTMX_INO, 0o666) };
    let ptmx = PseudoNode::build(attr, FileType::CharDevice, PTMX)?;
    Ok(PseudoFs::new("devpts", MAGIC, PseudoDir::build(PtsDir { ptmx })))
}
