//! One key (`security/keys/key.c`, `permission.c`, `user_defined.c`).

use crate::kernel::kernel;
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::Cred;
use host::abi::Timespec;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// Bits of permission.
pub mod perm {
    /// See attributes.
    pub const VIEW: u32 = 1;
    /// Read the payload.
    pub const READ: u32 = 2;
    /// Change the payload, the links of a keyring.
    pub const WRITE: u32 = 4;
    /// Find it.
    pub const SEARCH: u32 = 8;
    /// Link to it.
    pub const LINK: u32 = 0x10;
    /// Change attributes.
    pub const SETATTR: u32 = 0x20;
    /// Everything, for who possesses it.
    pub const POS_ALL: u32 = 0x3f00_0000;
    /// See [`SETATTR`].
    pub const POS_SETATTR: u32 = SETATTR << 24;
    /// Everything, for its owner.
    pub const USR_ALL: u32 = 0x003f_0000;
    /// See [`VIEW`].
    pub const USR_VIEW: u32 = VIEW << 16;
    /// See [`READ`].
    pub const USR_READ: u32 = READ << 16;
    /// All bits there are.
    pub const ALL: u32 = 0x3f3f_3f3f;
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Keyring,
    User,
    Logon,
    BigKey,
}

impl Kind {
    /// By name. `ENODEV`.
    pub fn named(name: &[u8]) -> Result<Kind> {
        Ok(match name {
            b"keyring" => Kind::Keyring,
            b"user" => Kind::User,
            b"logon" => Kind::Logon,
            b"big_key" => Kind::BigKey,
            _ => return Err(Errno::ENODEV),
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Keyring => "keyring",
            Kind::User => "user",
            Kind::Logon => "logon",
            Kind::BigKey => "big_key",
        }
    }

    /// Whether such a key may be called and hold that: `EINVAL`.
    pub fn fits(self, description: Option<&[u8]>, data: &[u8]) -> Result<()> {
        let size = match self {
            Kind::Keyring => data.is_empty(),
            Kind::User | Kind::Logon => (1..=32767).contains(&data.len()),
            Kind::BigKey => (1..1 << 20).contains(&data.len()),
        };
        // A logon key is qualified by a service.
        let named = self != Kind::Logon
            || description.is_none_or(|d| d.iter().position(|b| *b == b':').is_some_and(|at| at > 0));
        if size && named { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// What a key that `add_key` makes may be used for.
    pub fn permissions(self) -> u32 {
        let possessor = match self {
            Kind::Logon => perm::POS_ALL & !(perm::READ << 24),
            _ => perm::POS_ALL,
        };
        possessor | perm::USR_VIEW
    }
}

/// What changes about a key.
#[allow(missing_docs)]
pub struct State {
    pub uid: u32,
    pub gid: u32,
    pub perm: u32,
    /// When it is of no use any more, on the monotonic clock.
    pub expires: Option<Timespec>,
    pub revoked: bool,
    pub invalid: bool,
    /// It was asked for and is not to be had.
    pub negative: bool,
    pub data: Vec<u8>,
    /// Of a keyring.
    pub links: Vec<Arc<Key>>,
    /// Who pays for it, and how many bytes.
    charged: (u32, u64),
}

/// A key.
pub struct Key {
    /// Its number.
    pub serial: i32,
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub description: Vec<u8>,
    state: Mutex<State, { rank::OBJECT }>,
}

impl Key {
    pub(super) fn new(serial: i32, kind: Kind, description: &[u8], data: Vec<u8>, cred: &Cred, perm: u32) -> Key {
        let charged = (cred.fsuid, description.len() as u64 + 1 + data.len() as u64);
        let state = State {
            uid: cred.fsuid,
            gid: cred.fsgid,
            perm,
            expires: None,
            revoked: false,
            invalid: false,
            negative: false,
            data,
            links: Vec::new(),
            charged,
        };
        Key { serial, kind, description: description.to_vec(), state: Mutex::new(state) }
    }

    /// Looks at it, or changes it. What is taken out must be dropped by the caller, outside.
    pub fn with<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        how(&mut self.state.lock())
    }

    /// `ENOKEY`, `EKEYREVOKED`, `EKEYEXPIRED` for one that is of no use any more (`key_validate`).
    pub fn check(&self) -> Result<()> {
        let state = self.state.lock();
        if state.invalid {
            return Err(Errno::ENOKEY);
        }
        if state.revoked {
            return Err(Errno::EKEYREVOKED);
        }
        let expired = state.expires.is_some_and(|at| at <= host::time::monotonic());
        if expired { Err(Errno::EKEYEXPIRED) } else { Ok(()) }
    }

    /// `ENOKEY` for a negative one.
    pub fn check_positive(&self) -> Result<()> {
        if self.state.lock().negative { Err(Errno::ENOKEY) } else { Ok(()) }
    }

    /// `EACCES` unless all of `need` is granted (`key_task_permission`).
    pub fn allows(&self, cred: &Cred, possessed: bool, need: u32) -> Result<()> {
        let state = self.state.lock();
        let mut granted = if state.uid == cred.fsuid {
            state.perm >> 16
        } else if state.gid != u32::MAX && state.perm >> 8 & 0x3f != 0 && cred.in_group(state.gid) {
            state.perm >> 8
        } else {
            state.perm
        };
        if possessed {
            granted |= state.perm >> 24;
        }
        if granted & need == need { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// Another payload. `EDQUOT`.
    pub fn update(&self, data: Vec<u8>) -> Result<()> {
        let change = {
            let state = self.state.lock();
            (state.charged.0, data.len() as i64 - state.data.len() as i64)
        };
        kernel().keys.charge(change.0, 0, change.1)?;
        let mut state = self.state.lock();
        state.charged.1 = state.charged.1.saturating_add_signed(change.1);
        state.negative = false;
        state.expires = None;
        let old = core::mem::replace(&mut state.data, data);
        drop(state);
        drop(old);
        Ok(())
    }

    /// `KEYCTL_REVOKE`: of no use from now on. A keyring is emptied.
    pub fn revoke(&self) {
        let gone = self.with(|s| {
            s.revoked = true;
            (core::mem::take(&mut s.links), core::mem::take(&mut s.data))
        });
        drop(gone);
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let (uid, bytes) = self.state.get_mut().charged;
        let keys = &kernel().keys;
        let _ = keys.charge(uid, -1, -(bytes as i64));
        keys.forget(self.serial);
    }
}
