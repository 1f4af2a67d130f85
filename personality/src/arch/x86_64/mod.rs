//! x86-64.

mod context;
mod fpu;
mod sigframe;

pub use context::{Context, MachineContext, UContext};
pub use fpu::{FpuError, area_size, copy_area, reset_area};
pub use sigframe::{altstack, build_frame, restore_frame};
