//! Who asks: the credentials that permission checks look at (`credentials(7)`, Linux's `struct cred`).

use alloc::sync::Arc;
use bitflags::bitflags;

bitflags! {
    /// The capabilities that this kernel distinguishes (`capabilities(7)`); numbers are Linux's.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Caps: u64 {
        /// Change owners.
        const CHOWN = 1 << 0;
        /// Bypass permission checks on files.
        const DAC_OVERRIDE = 1 << 1;
        /// Bypass read and search checks.
        const DAC_READ_SEARCH = 1 << 2;
        /// Act as the owner of any file.
        const FOWNER = 1 << 3;
        /// Keep set-user-id bits on change.
        const FSETID = 1 << 4;
        /// Signal any process.
        const KILL = 1 << 5;
        /// Change group ids.
        const SETGID = 1 << 6;
        /// Change user ids.
        const SETUID = 1 << 7;
        /// Drop capabilities from the bounding set.
        const SETPCAP = 1 << 8;
        /// Change the network.
        const NET_ADMIN = 1 << 12;
        /// `chroot(2)`.
        const SYS_CHROOT = 1 << 18;
        /// Trace any process.
        const SYS_PTRACE = 1 << 19;
        /// Mounts, host name and more.
        const SYS_ADMIN = 1 << 21;
        /// Priorities.
        const SYS_NICE = 1 << 23;
        /// Raise resource limits.
        const SYS_RESOURCE = 1 << 24;
        /// Set the clock.
        const SYS_TIME = 1 << 25;
        /// Make device nodes.
        const MKNOD = 1 << 27;
        const _ = !0;
    }
}

/// All capabilities of a modern kernel (0..=40).
pub const ALL_CAPS: Caps = Caps::from_bits_retain((1 << 41) - 1);

/// A task's credentials; replaced as a whole, never changed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Cred {
    pub uid: u32,
    pub euid: u32,
    pub suid: u32,
    pub fsuid: u32,
    pub gid: u32,
    pub egid: u32,
    pub sgid: u32,
    pub fsgid: u32,
    pub groups: Arc<[u32]>,
    pub permitted: Caps,
    pub effective: Caps,
    pub inheritable: Caps,
    pub bounding: Caps,
    pub ambient: Caps,
}

impl Cred {
    /// All ids alike; every capability for uid 0, none otherwise.
    pub fn new(uid: u32, gid: u32, groups: Arc<[u32]>) -> Cred {
        let caps = if uid == 0 { ALL_CAPS } else { Caps::empty() };
        Cred {
            uid,
            euid: uid,
            suid: uid,
            fsuid: uid,
            gid,
            egid: gid,
            sgid: gid,
            fsgid: gid,
            groups,
            permitted: caps,
            effective: caps,
            inheritable: Caps::empty(),
            bounding: ALL_CAPS,
            ambient: Caps::empty(),
        }
    }

    /// Whether all of `caps` are effective (`capable()`).
    pub fn capable(&self, caps: Caps) -> bool {
        self.effective.contains(caps)
    }

    /// Whether `gid` is the file-system group or a supplementary one.
    pub fn in_group(&self, gid: u32) -> bool {
        self.fsgid == gid || self.groups.contains(&gid)
    }
}
