//! Job control of terminals: a background process that uses its terminal is stopped (`drivers/tty/tty_jobctrl.c`). Locks: none.

use crate::kernel::kernel;
use crate::signal::{self, SIGTTIN, SIGTTOU};
use crate::task::Task;
use crate::tty::{self, Control, Side, SlaveFile};
use fs_emu::FileOps;
use fs_emu::vfs::File;
use host::{Errno, Result};

/// Whether the task is in the background of the terminal that controls its session.
fn in_background(task: &Task, control: &Control) -> bool {
    let session = task.group.session();
    let foreground = control.foreground();
    control.session() != 0
        && control.session() == session
        && (control.away() || foreground != 0 && foreground != task.group.pgrp())
}

/// What a process in the background gets for using its terminal (`__tty_check_change`): its group is sent `sig` and the call
/// is interrupted, unless the signal would have no effect. `EIO` when nobody could set it going again.
pub fn check(task: &Task, control: &Control, sig: u32) -> Result<()> {
    if !in_background(task, control) {
        return Ok(());
    }
    if task.blocked().has(sig) || task.sighand().get(sig).is_ignore() {
        return if sig == SIGTTIN { Err(Errno::EIO) } else { Ok(()) };
    }
    let pgrp = task.group.pgrp();
    if kernel().tasks.is_orphaned(pgrp) {
        return Err(Errno::EIO);
    }
    let mut all = signal::Together::default();
    for group in kernel().tasks.pgrp_members(pgrp) {
        let _ = all.send(&group, sig, signal::info(sig, signal::code::SI_KERNEL));
    }
    drop(all);
    task.thread.set_work();
    Err(Errno::EINTR)
}

/// Before a read.
pub fn before_read(task: &Task, file: &File) -> Result<()> {
    match tty::side(&**file.ops()) {
        Some(Side::Terminal(control)) => check(task, control, SIGTTIN),
        _ => Ok(()),
    }
}

/// Before a write: only with `TOSTOP` does it matter who is in the foreground.
pub fn before_write(task: &Task, file: &File) -> Result<()> {
    match tty::side(&**file.ops()) {
        Some(Side::Terminal(control)) if in_background(task, control) && to_stop(&**file.ops()) => {
            check(task, control, SIGTTOU)
        }
        _ => Ok(()),
    }
}

fn to_stop(ops: &dyn FileOps) -> bool {
    SlaveFile::of(ops).is_some_and(SlaveFile::stops_writers)
}
