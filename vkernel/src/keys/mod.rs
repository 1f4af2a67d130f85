//! Keys and keyrings that the kernel keeps for processes (`keyrings(7)`, `security/keys/`).
//!
//! * `key`: one key: kind, owner, permissions, expiry, payload;
//! * `ring`: what stands in a keyring: links, searching, cycles;
//! * `process`: whose keyrings a task has, and what an id means to it.
//!
//! A key lives as long as something refers to it: a keyring, a task, a user. There is no `/sbin/request-key`, so that a key that is
//! asked for and not there becomes a negative one. Left out: kinds other than `keyring`, `user`, `logon` and `big_key` (`ENODEV`),
//! persistent keyrings, cryptography (`EOPNOTSUPP`).
//!
//! Locks: the table's own and a user's (unranked: they take nothing but a key's), one of rank OBJECT per key, never two at a time.

mod key;
mod process;
mod ring;

pub use key::{Key, Kind, State, perm};
pub use process::{Keyrings, Lookup, Reference};
pub use ring::Search;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use fs_emu::Cred;
use host::lock::{Mutex, rank};
use host::{Errno, Result};

/// `/proc/sys/kernel/keys/maxkeys` and `maxbytes`, for users and for root.
const QUOTA: (u64, u64) = (200, 20_000);
const ROOT_QUOTA: (u64, u64) = (1_000_000, 25_000_000);

/// A user's keyring, and the one that sessions without one use.
type UserRings = (Arc<Key>, Arc<Key>);

/// All keys of the sandbox.
#[derive(Default)]
pub struct Keys {
    table: Mutex<BTreeMap<i32, Weak<Key>>>,
    users: Mutex<BTreeMap<u32, UserRings>>,
    /// Keys and bytes that count against a user's quota.
    charged: Mutex<BTreeMap<u32, (u64, u64)>, { rank::LEAF }>,
}

impl Keys {
    /// Makes a key that nothing refers to yet. `EDQUOT`.
    pub fn make(&self, kind: Kind, description: &[u8], data: Vec<u8>, cred: &Cred, perm: u32) -> Result<Arc<Key>> {
        let bytes = description.len() as u64 + 1 + data.len() as u64;
        self.charge(cred.fsuid, 1, bytes as i64)?;
        let mut table = self.table.lock();
        let serial = loop {
            let n = (host::sys::clock::random_u64() & 0x7fff_ffff) as i32;
            if n >= 3 && table.get(&n).is_none_or(|k| k.strong_count() == 0) {
                break n;
            }
        };
        let key = Arc::new(Key::new(serial, kind, description, data, cred, perm));
        table.insert(serial, Arc::downgrade(&key));
        Ok(key)
    }

    /// A keyring.
    pub fn make_ring(&self, name: &[u8], cred: &Cred, perm: u32) -> Result<Arc<Key>> {
        self.make(Kind::Keyring, name, Vec::new(), cred, perm)
    }

    /// One by its number. `ENOKEY`.
    pub fn find(&self, serial: i32) -> Result<Arc<Key>> {
        self.table.lock().get(&serial).and_then(Weak::upgrade).ok_or(Errno::ENOKEY)
    }

    /// A keyring with this name that may be joined.
    pub fn find_ring(&self, name: &[u8], cred: &Cred) -> Option<Arc<Key>> {
        let all: Vec<Arc<Key>> = self.table.lock().values().filter_map(Weak::upgrade).collect();
        let named = |k: &Arc<Key>| k.kind == Kind::Keyring && k.description == name && k.check().is_ok();
        all.into_iter().find(|k| named(k) && k.allows(cred, false, perm::SEARCH).is_ok())
    }

    /// The keyrings of a user, made at the first use.
    pub fn of_user(&self, uid: u32) -> Result<UserRings> {
        if let Some(rings) = self.users.lock().get(&uid) {
            return Ok(rings.clone());
        }
        let (owner, mode) =
            (Cred::new(uid, u32::MAX, Arc::from(&[][..])), perm::POS_ALL & !perm::POS_SETATTR | perm::USR_ALL);
        let own = self.make_ring(format!("_uid.{uid}").as_bytes(), &owner, mode)?;
        let session = self.make_ring(format!("_uid_ses.{uid}").as_bytes(), &owner, mode)?;
        session.link(&own)?;
        Ok(self.users.lock().entry(uid).or_insert((own, session)).clone())
    }

    fn charge(&self, uid: u32, keys: i64, bytes: i64) -> Result<()> {
        let mut charged = self.charged.lock();
        let now = charged.get(&uid).copied().unwrap_or_default();
        let new = (now.0.saturating_add_signed(keys), now.1.saturating_add_signed(bytes));
        let most = if uid == 0 { ROOT_QUOTA } else { QUOTA };
        if (keys > 0 && new.0 > most.0) || (bytes > 0 && new.1 > most.1) {
            return Err(Errno::EDQUOT);
        }
        if new.0 == 0 {
            charged.remove(&uid);
        } else {
            charged.insert(uid, new);
        }
        Ok(())
    }

    fn forget(&self, serial: i32) {
        let mut table = self.table.lock();
        if table.get(&serial).is_some_and(|k| k.strong_count() == 0) {
            table.remove(&serial);
        }
    }

    /// `/proc/key-users`.
    pub fn render_users(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (uid, (keys, bytes)) in self.charged.lock().iter() {
            let most = if *uid == 0 { ROOT_QUOTA } else { QUOTA };
            let line = format!("{uid:5}: {keys:5} {keys}/{keys} {keys}/{} {bytes}/{}\n", most.0, most.1);
            out.extend(line.as_bytes());
        }
        out
    }
}
