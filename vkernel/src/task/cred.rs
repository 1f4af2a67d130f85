//! Changing credentials (`setuid(2)` and family, `kernel/sys.c`, `credentials(7)`, `capabilities(7)`).

use super::Task;
use alloc::sync::Arc;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::Cred;
use fs_emu::cred::Caps;
use host::{Errno, Result};

/// "Leave it" in `setresuid` and `chown`.
pub const KEEP: u32 = u32::MAX;

/// `linux/securebits.h`: what user id 0 means for capabilities. The bit above each says that it cannot be changed any more.
#[allow(missing_docs)]
pub mod secure {
    pub const NOROOT: u32 = 1;
    pub const NO_SETUID_FIXUP: u32 = 1 << 2;
    pub const KEEP_CAPS: u32 = 1 << 4;
    pub const NO_CAP_AMBIENT_RAISE: u32 = 1 << 6;
    pub const ALL: u32 = NOROOT | NO_SETUID_FIXUP | KEEP_CAPS | NO_CAP_AMBIENT_RAISE;
    pub const LOCKS: u32 = ALL << 1;
}

impl Task {
    /// Whether a bit of [`secure`] is set.
    pub fn is_secure(&self, bit: u32) -> bool {
        self.securebits.load(SeqCst) & bit != 0
    }

    /// `prctl(PR_SET_SECUREBITS)`.
    pub fn set_securebits(&self, bits: u32) -> Result<()> {
        let old = self.securebits.load(SeqCst);
        let locked = (old & secure::LOCKS) >> 1 & (old ^ bits) != 0 || old & secure::LOCKS & !bits != 0;
        if locked || bits & !(secure::ALL | secure::LOCKS) != 0 || !self.cred().capable(Caps::SETPCAP) {
            return Err(Errno::EPERM);
        }
        self.securebits.store(bits, SeqCst);
        Ok(())
    }

    /// Replaces the credentials as a whole.
    pub fn set_cred(&self, cred: Cred) {
        let new = Arc::new(cred);
        let old = self.cred.replace(new.clone());
        if old.get().is_some_and(|old| old.euid != new.euid || old.egid != new.egid || old.permitted != new.permitted) {
            self.group.dumpable.store(0, SeqCst);
            self.group.pdeath_signal.store(0, SeqCst);
        }
        drop(old);
    }

    /// `setuid(2)`.
    pub fn setuid(&self, uid: u32) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        if old.capable(Caps::SETUID) {
            (new.uid, new.suid) = (uid, uid);
        } else if uid != old.uid && uid != old.suid {
            return Err(Errno::EPERM);
        }
        (new.euid, new.fsuid) = (uid, uid);
        self.commit_uids(&old, new)
    }

    /// `setreuid(2)`.
    pub fn setreuid(&self, ruid: u32, euid: u32) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        let privileged = old.capable(Caps::SETUID);
        if ruid != KEEP {
            if !privileged && ruid != old.uid && ruid != old.euid {
                return Err(Errno::EPERM);
            }
            new.uid = ruid;
        }
        if euid != KEEP {
            if !privileged && ![old.uid, old.euid, old.suid].contains(&euid) {
                return Err(Errno::EPERM);
            }
            new.euid = euid;
        }
        if ruid != KEEP || (euid != KEEP && euid != old.uid) {
            new.suid = new.euid;
        }
        new.fsuid = new.euid;
        self.commit_uids(&old, new)
    }

    /// `setresuid(2)`.
    pub fn setresuid(&self, ids: [u32; 3]) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        check_three(ids, [old.uid, old.euid, old.suid], old.capable(Caps::SETUID))?;
        keep_or_set(ids, [&mut new.uid, &mut new.euid, &mut new.suid]);
        new.fsuid = new.euid;
        self.commit_uids(&old, new)
    }

    /// `setgid(2)`.
    pub fn setgid(&self, gid: u32) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        if old.capable(Caps::SETGID) {
            (new.gid, new.sgid) = (gid, gid);
        } else if gid != old.gid && gid != old.sgid {
            return Err(Errno::EPERM);
        }
        (new.egid, new.fsgid) = (gid, gid);
        self.set_cred(new);
        Ok(())
    }

    /// `setregid(2)`.
    pub fn setregid(&self, rgid: u32, egid: u32) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        let privileged = old.capable(Caps::SETGID);
        if rgid != KEEP {
            if !privileged && rgid != old.gid && rgid != old.egid {
                return Err(Errno::EPERM);
            }
            new.gid = rgid;
        }
        if egid != KEEP {
            if !privileged && ![old.gid, old.egid, old.sgid].contains(&egid) {
                return Err(Errno::EPERM);
            }
            new.egid = egid;
        }
        if rgid != KEEP || (egid != KEEP && egid != old.gid) {
            new.sgid = new.egid;
        }
        new.fsgid = new.egid;
        self.set_cred(new);
        Ok(())
    }

    /// `setresgid(2)`.
    pub fn setresgid(&self, ids: [u32; 3]) -> Result<()> {
        let old = self.cred();
        let mut new = (*old).clone();
        check_three(ids, [old.gid, old.egid, old.sgid], old.capable(Caps::SETGID))?;
        keep_or_set(ids, [&mut new.gid, &mut new.egid, &mut new.sgid]);
        new.fsgid = new.egid;
        self.set_cred(new);
        Ok(())
    }

    /// `setfsuid(2)`: always answers the old one.
    pub fn setfsuid(&self, uid: u32) -> u32 {
        let old = self.cred();
        let may = old.capable(Caps::SETUID) || [old.uid, old.euid, old.suid, old.fsuid].contains(&uid);
        if may && uid != KEEP {
            let mut new = (*old).clone();
            new.fsuid = uid;
            if !self.is_secure(secure::NO_SETUID_FIXUP) {
                drop_fs_caps(&old, &mut new);
            }
            self.set_cred(new);
        }
        old.fsuid
    }

    /// `setfsgid(2)`.
    pub fn setfsgid(&self, gid: u32) -> u32 {
        let old = self.cred();
        let may = old.capable(Caps::SETGID) || [old.gid, old.egid, old.sgid, old.fsgid].contains(&gid);
        if may && gid != KEEP {
            let mut new = (*old).clone();
            new.fsgid = gid;
            self.set_cred(new);
        }
        old.fsgid
    }

    /// `setgroups(2)`.
    pub fn setgroups(&self, groups: Arc<[u32]>) -> Result<()> {
        let old = self.cred();
        if !old.capable(Caps::SETGID) {
            return Err(Errno::EPERM);
        }
        let mut new = (*old).clone();
        new.groups = groups;
        self.set_cred(new);
        Ok(())
    }

    /// Capabilities follow the user ids, as `capabilities(7)` has it.
    fn commit_uids(&self, old: &Cred, mut new: Cred) -> Result<()> {
        if self.is_secure(secure::NO_SETUID_FIXUP) {
            self.set_cred(new);
            return Ok(());
        }
        let had_root = [old.uid, old.euid, old.suid].contains(&0);
        let has_root = [new.uid, new.euid, new.suid].contains(&0);
        if had_root && !has_root {
            if !self.is_secure(secure::KEEP_CAPS) {
                new.permitted = Caps::empty();
                new.effective = Caps::empty();
            }
            new.ambient = Caps::empty();
        }
        if old.euid == 0 && new.euid != 0 {
            new.effective = Caps::empty();
        }
        if old.euid != 0 && new.euid == 0 {
            new.effective = new.permitted;
        }
        self.set_cred(new);
        Ok(())
    }
}

fn drop_fs_caps(old: &Cred, new: &mut Cred) {
    let fs = Caps::CHOWN | Caps::DAC_OVERRIDE | Caps::DAC_READ_SEARCH | Caps::FOWNER | Caps::FSETID | Caps::MKNOD;
    if old.fsuid == 0 && new.fsuid != 0 {
        new.effective -= fs;
    }
    if old.fsuid != 0 && new.fsuid == 0 {
        new.effective |= fs & new.permitted;
    }
}

fn check_three(ids: [u32; 3], old: [u32; 3], privileged: bool) -> Result<()> {
    if privileged || ids.iter().all(|id| *id == KEEP || old.contains(id)) { Ok(()) } else { Err(Errno::EPERM) }
}

fn keep_or_set(ids: [u32; 3], fields: [&mut u32; 3]) {
    for (id, field) in ids.into_iter().zip(fields) {
        if id != KEEP {
            *field = id;
        }
    }
}
