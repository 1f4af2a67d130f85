//! The handlers: one family of calls a file. Each decodes, copies in, lets an object act, copies out.

pub mod attr;
pub mod dirs;
pub mod fcntl;
pub mod fds;
pub mod futex;
pub mod ids;
pub mod ioctl;
pub mod limits;
pub mod mm;
pub mod mount;
pub mod names;
pub mod open;
pub mod path;
pub mod poll;
pub mod prctl;
pub mod process;
pub mod rw;
pub mod sched;
pub mod signal;
pub mod splice;
pub mod stat;
pub mod system;
pub mod time;
pub mod xattr;
