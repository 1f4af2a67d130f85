//! Open files as the names of mappings (`/proc/PID/maps`).

use crate::kernel::kernel;
use crate::mm::FileName;
use alloc::vec::Vec;
use core::any::Any;
use fs_emu::vfs::File;

impl FileName for File {
    fn path(&self) -> Vec<u8> {
        self.describe(&kernel().mounts.root())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
