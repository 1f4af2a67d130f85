//! Descriptor tables and file-system contexts (`struct files_struct`, `struct fs_struct`).

mod context;
mod table;

pub use context::FsContext;
pub use table::{FileTable, Reservation};
