//! The virtual file systems: path walk, mounts and permissions over tmpfs, hostfs, overlay and pseudo files.
//!
//! Answers to Linux's `fs/namei.c`, `fs/namespace.c`, `fs/dcache.c`, `mm/shmem.c`, `fs/overlayfs/` and `fs/kernfs/`. It knows
//! nothing of processes: who asks comes in as a [`Cred`], and what a device, a FIFO or a `/proc` file does is put in from
//! above. Locks: MOUNT, RENAME, INODE and DCACHE of the order in `host::lock`.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod busy;
pub mod cred;
pub mod fiemap;
pub mod file;
pub mod hostfs;
pub mod inode;
pub mod overlay;
pub mod pseudo;
pub mod tmpfs;
pub mod vfs;

pub use cred::Cred;
pub use file::{DirEntry, FileOps, MapSource, OpenFlags, PageSource};
pub use inode::{FileSystem, FileType, Inode, InodeRef, Metadata, Owner, SetAttr};
