//! x86-64.

mod context;
pub mod entry;
mod fpu;
mod sigframe;
mod userregs;

pub use context::{Context, HOST_FLAGS, MachineContext, UContext};
pub use fpu::{FpuError, area_size, copy_area, learn, reset_area};
pub use sigframe::{altstack, build_frame, restore_frame};
