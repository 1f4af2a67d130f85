//! The keyrings of a task, and what an id means to it (`security/keys/process_keys.c`).

use super::key::{Key, perm};
use super::ring::Search;
use crate::kernel::kernel;
use crate::task::Task;
use alloc::sync::Arc;
use alloc::vec::Vec;
use host::{Errno, Result};

/// What a thread has of its own. The process's keyring is its group's.
#[derive(Clone, Default)]
pub struct Keyrings {
    /// `KEY_SPEC_THREAD_KEYRING`.
    pub thread: Option<Arc<Key>>,
    /// `KEY_SPEC_SESSION_KEYRING`; inherited.
    pub session: Option<Arc<Key>>,
    /// `KEYCTL_SET_REQKEY_KEYRING`.
    pub default: i32,
}

impl Keyrings {
    /// Those of a child.
    pub fn inherited(&self) -> Keyrings {
        Keyrings { thread: None, session: self.session.clone(), default: self.default }
    }
}

/// How an id is looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup {
    /// Makes the special keyring that is not there.
    pub create: bool,
    /// Takes a key that is negative or expired, too.
    pub partial: bool,
    /// Bits of [`perm`].
    pub need: u32,
}

/// A key, and whether the task possesses it.
pub struct Reference {
    /// The key.
    pub key: Arc<Key>,
    /// It can be reached from the task's own keyrings.
    pub possessed: bool,
}

const NEW_PROCESS_RING: u32 = perm::POS_ALL | perm::USR_VIEW;
const NEW_SESSION_RING: u32 = perm::POS_ALL | perm::USR_VIEW | perm::USR_READ;

impl Task {
    /// Looks up a key or one of the special ids (`lookup_user_key`).
    pub fn key(&self, id: i32, how: Lookup) -> Result<Reference> {
        let keys = &kernel().keys;
        let uid = self.cred().uid;
        let possessed = |key| Reference { key, possessed: true };
        let found = match id {
            -1 => possessed(self.thread_ring(how.create)?),
            -2 => possessed(self.process_ring(how.create)?),
            -3 => possessed(self.session_ring(how.create)?),
            -4 => possessed(keys.of_user(uid)?.0),
            -5 => possessed(keys.of_user(uid)?.1),
            -7 | -8 => return Err(Errno::ENOKEY),
            ..1 => return Err(Errno::EINVAL),
            serial => {
                let key = keys.find(serial)?;
                let possessed = self.search_all(true, &|k| k.serial == serial).is_ok()
                    || self.own_rings().iter().any(|r| r.serial == serial);
                Reference { key, possessed }
            }
        };
        if !how.partial {
            found.key.check_positive()?;
        }
        if how.need != 0 {
            match found.key.check() {
                Err(Errno::EKEYEXPIRED) if how.partial => {}
                checked => checked?,
            }
            found.key.allows(&self.cred(), found.possessed, how.need)?;
        }
        Ok(found)
    }

    fn thread_ring(&self, create: bool) -> Result<Arc<Key>> {
        let known = self.keyrings.lock().thread.clone();
        match known {
            Some(ring) => Ok(ring),
            None if !create => Err(Errno::ENOKEY),
            None => {
                let ring = kernel().keys.make_ring(b"_tid", &self.cred(), NEW_PROCESS_RING)?;
                self.keyrings.lock().thread = Some(ring.clone());
                Ok(ring)
            }
        }
    }

    fn process_ring(&self, create: bool) -> Result<Arc<Key>> {
        let known = self.group.keyring.lock().clone();
        match known {
            Some(ring) => Ok(ring),
            None if !create => Err(Errno::ENOKEY),
            None => {
                let ring = kernel().keys.make_ring(b"_pid", &self.cred(), NEW_PROCESS_RING)?;
                Ok(self.group.keyring.lock().get_or_insert(ring).clone())
            }
        }
    }

    fn session_ring(&self, create: bool) -> Result<Arc<Key>> {
        let known = self.keyrings.lock().session.clone();
        if let Some(ring) = known {
            return Ok(ring);
        }
        if create {
            return self.join_session(None);
        }
        let ring = kernel().keys.of_user(self.cred().uid)?.1;
        self.keyrings.lock().session = Some(ring.clone());
        Ok(ring)
    }

    /// `KEYCTL_JOIN_SESSION_KEYRING`: a new one, or the one with this name.
    pub fn join_session(&self, name: Option<&[u8]>) -> Result<Arc<Key>> {
        let (keys, cred) = (&kernel().keys, self.cred());
        let ring = match name {
            None => keys.make_ring(b"_ses", &cred, NEW_SESSION_RING)?,
            Some(name) => match keys.find_ring(name, &cred) {
                Some(ring) => ring,
                None => keys.make_ring(name, &cred, NEW_SESSION_RING | perm::LINK << 16)?,
            },
        };
        let old = self.keyrings.lock().session.replace(ring.clone());
        drop(old);
        Ok(ring)
    }

    fn own_rings(&self) -> Vec<Arc<Key>> {
        let own = self.keyrings.lock().clone();
        let process = self.group.keyring.lock().clone();
        let session = own.session.or_else(|| kernel().keys.of_user(self.cred().uid).ok().map(|r| r.1));
        [own.thread, process, session].into_iter().flatten().collect()
    }

    /// Searches the task's own keyrings (`search_process_keyrings`).
    pub fn search_keys(&self, wanted: &dyn Fn(&Key) -> bool) -> Result<Arc<Key>> {
        self.search_all(false, wanted)
    }

    fn search_all(&self, any_state: bool, wanted: &dyn Fn(&Key) -> bool) -> Result<Arc<Key>> {
        let mut why = Errno::ENOKEY;
        for ring in self.own_rings() {
            match ring.search(&self.cred(), Search { possessed: true, any_state }, wanted) {
                Ok(key) => return Ok(key),
                Err(Errno::ENOKEY) => {}
                Err(e) => why = e,
            }
        }
        Err(why)
    }

    /// Where a key goes that `request_key` makes and nobody said where (`construct_get_dest_keyring`).
    pub fn default_ring(&self) -> Result<Arc<Key>> {
        let how = Lookup { create: false, partial: true, need: perm::WRITE };
        let default = self.keyrings.lock().default;
        let chosen = match default {
            1..=5 => self.key(-default, how),
            _ => {
                let own = self.keyrings.lock().clone();
                let process = self.group.keyring.lock().is_some();
                let id = match (own.thread.is_some(), process, own.session.is_some()) {
                    (true, _, _) => -1,
                    (_, true, _) => -2,
                    (_, _, true) => -3,
                    _ => -5,
                };
                self.key(id, how)
            }
        };
        chosen.map(|r| r.key)
    }

    /// A new program has neither thread nor process keyring.
    pub fn drop_own_keyrings(&self) {
        let thread = self.keyrings.lock().thread.take();
        let process = self.group.keyring.lock().take();
        drop((thread, process));
    }
}
