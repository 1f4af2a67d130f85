//! `setns(2)` (`kernel/nsproxy.c`), and the calls about an open namespace that make a descriptor (`fs/nsfs.c`).
//!
//! There is one namespace of each kind, so that whoever may enter it is in it already. Left out: making others.

use super::{fds, rw};
use crate::dispatch::Call;
use crate::table::Fd;
use fs_emu::OpenFlags;
use fs_emu::cred::Caps;
use fs_emu::vfs::File;
use host::{Errno, Result};
use vkernel::kernel::kernel;
use vkernel::nsfs::{KINDS, NEWNS, NEWTIME, NEWUSER, NsFile};
use vkernel::pidfd::PidFd;

/// `setns(2)`.
pub fn setns(call: &mut Call<'_>, fd: Fd, flags: u32) -> Result<usize> {
    let file = rw::file(call, fd)?;
    let wanted = match NsFile::kind_of(&file) {
        Some(kind) if flags != 0 && flags != kind.flag => return Err(Errno::EINVAL),
        Some(kind) => kind.flag,
        None => {
            let process = PidFd::of(&file).map_err(|_| Errno::EINVAL)?;
            let all = KINDS.iter().fold(0, |all, kind| all | kind.flag);
            if flags == 0 || flags & !all != 0 {
                return Err(Errno::EINVAL);
            }
            process.process().ok_or(Errno::ESRCH)?;
            flags
        }
    };
    let cred = call.task.cred();
    // Nobody gains anything by entering the user namespace that he is in.
    if wanted & NEWUSER != 0 {
        return Err(Errno::EINVAL);
    }
    if !cred.capable(Caps::SYS_ADMIN) || wanted & NEWNS != 0 && !cred.capable(Caps::SYS_CHROOT) {
        return Err(Errno::EPERM);
    }
    if wanted & NEWTIME != 0 && call.task.group.live_threads() > 1 {
        return Err(Errno::EUSERS);
    }
    if wanted & NEWNS != 0 {
        // Its root and directory are those of all threads.
        if call.task.group.live_threads() > 1 {
            return Err(Errno::EINVAL);
        }
        let (fs, root) = (call.task.fs(), kernel().mounts.root());
        fs.set_root(root.clone());
        fs.set_cwd(root);
    }
    Ok(0)
}

/// `NS_GET_USERNS`: a descriptor of the namespace that owns this one.
pub(super) fn open_owner(call: &Call<'_>) -> Result<usize> {
    let owner = KINDS.iter().find(|kind| kind.flag == NEWUSER).ok_or(Errno::EINVAL)?;
    let fd = fds::reserve(call)?;
    Ok(fd.publish(File::new(NsFile::ops(owner), None, OpenFlags::empty()), true) as usize)
}
