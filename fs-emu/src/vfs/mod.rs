//! The virtual file system: names, mounts, permissions and open files over any [`FileSystem`](crate::FileSystem).
//!
//! Answers to Linux's `fs/namei.c`, `fs/dcache.c`, `fs/namespace.c`, `fs/open.c`, `fs/attr.c`, `fs/xattr.c` and
//! `fs/read_write.c`. A call goes: [`Ctx`] says who asks, [`At`] names a file, [`walk`] turns the name into a [`Path`] (or the
//! parent of its last component), [`perm`] judges, [`ops`] act. Left out: mount propagation, quotas, ACLs,
//! `protected_symlinks` and its siblings, immutable and append-only files. Locks and leases are the kernel's above.
//!
//! Locks, outermost first (ranks of `host::lock`):
//!
//! ```text
//! File::pos           one open file's position (rank 5: an operation below may take anything)
//!   MOUNT             a mount's children, the mount table
//!     RENAME          a file system's rename mutex, then directories' name locks (Dentry::lock_names)
//!       INODE         file systems' own
//!         DCACHE      a dentry's children; then its name and parent
//! ```
//!
//! File systems that do not cache names ([`caches_names`](crate::FileSystem::caches_names)) are called without any of
//! these locks, because what they show comes from kernel objects with locks further out.

pub mod anon;
mod children;
mod dentry;
pub mod file;
pub(crate) mod hash;
pub mod mount;
pub mod notify;
pub mod ops;
mod pathname;
pub mod perm;
mod spot;
pub mod table;
pub mod walk;

#[cfg(test)]
mod tests;

pub use dentry::Dentry;
pub use file::File;
pub use mount::{Mount, MountFlags, Path};
pub use ops::open::{OpenHow, Opened};
pub use pathname::{getcwd, path_string};
pub use spot::Spot;
pub use table::{MountInfo, MountTable};
pub use walk::{At, Ctx, Last, Parent, Resolve};
