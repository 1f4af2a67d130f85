//! What depends on the processor: the saved context, its vector state, the guest's signal frames.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;
