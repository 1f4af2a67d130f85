//! Descriptor tables and file-system contexts (`struct files_struct`, `struct fs_struct`).

mod context;
pub mod dnotify;
pub mod extra;
pub mod io;
pub mod job;
mod name;
pub mod pump;
pub mod sigio;
mod table;

pub use context::{FsContext, Starts};
pub use table::{FileTable, Openable, Reservation};
