//! What the file system calls do, one small file per family, free of registers and descriptors.
//!
//! Calls that take a name have the form `op(ctx, at, ...)`. Calls that take a file, however it was found (`fchmod` as well as
//! `chmod`), have the form `op(cred, path, ...)`; [`Ctx::find`](super::Ctx::find) makes one into the other. The order of checks is
//! Linux's.

pub mod attr;
pub mod create;
pub mod link;
pub mod open;
pub mod remove;
pub mod rename;
pub mod stat;
pub mod xattr;

pub use attr::{TimeSet, chmod, chown, ftruncate, truncate, utimens};
pub use create::{mkdir, mknod, symlink};
pub use link::link;
pub use open::{OpenHow, Opened, open, open_exec};
pub use remove::{rmdir, unlink};
pub use rename::rename;
pub use stat::{access, readlink, statfs};
pub use xattr::{getxattr, listxattr, removexattr, setxattr};
