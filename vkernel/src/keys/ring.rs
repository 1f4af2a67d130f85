//! Links of keyrings, and searching along them (`security/keys/keyring.c`).

use super::key::{Key, Kind, perm};
use alloc::sync::Arc;
use alloc::vec::Vec;
use fs_emu::Cred;
use host::{Errno, Result};

/// How a keyring is searched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search {
    /// The searcher possesses it.
    pub possessed: bool,
    /// Keys of no use count, too.
    pub any_state: bool,
}

/// Keyrings in keyrings are followed so far (`KEYRING_SEARCH_MAX_DEPTH`).
const DEPTH: usize = 6;

impl Key {
    /// `ENOTDIR` for anything but a keyring.
    pub fn want_ring(&self) -> Result<()> {
        if self.kind == Kind::Keyring { Ok(()) } else { Err(Errno::ENOTDIR) }
    }

    fn links(&self) -> Vec<Arc<Key>> {
        self.with(|s| s.links.clone())
    }

    fn is(&self, kind: Kind, description: &[u8]) -> bool {
        self.kind == kind && self.description == description
    }

    /// The key of this kind and name that stands here.
    pub fn find_link(&self, kind: Kind, description: &[u8]) -> Option<Arc<Key>> {
        self.links().into_iter().find(|k| k.is(kind, description) && k.check() != Err(Errno::ENOKEY))
    }

    /// Links a key, in place of one of the same kind and name. `EDEADLK` for a keyring that would contain itself, `ELOOP` if
    /// that cannot be told.
    pub fn link(&self, key: &Arc<Key>) -> Result<()> {
        self.want_ring()?;
        self.check()?;
        if key.kind == Kind::Keyring {
            key.contains(self, DEPTH)?;
        }
        let old = self.with(|s| match s.links.iter_mut().find(|k| k.is(key.kind, &key.description)) {
            Some(place) => Some(core::mem::replace(place, key.clone())),
            None => {
                s.links.push(key.clone());
                None
            }
        });
        drop(old);
        Ok(())
    }

    fn contains(&self, other: &Key, depth: usize) -> Result<()> {
        if self.serial == other.serial {
            return Err(Errno::EDEADLK);
        }
        for below in self.links().iter().filter(|k| k.kind == Kind::Keyring) {
            if depth == 0 {
                return Err(Errno::ELOOP);
            }
            below.contains(other, depth - 1)?;
        }
        Ok(())
    }

    /// Takes a link away. `ENOENT`.
    pub fn unlink(&self, key: &Key) -> Result<()> {
        let gone = self.with(|s| {
            let at = s.links.iter().position(|k| k.serial == key.serial)?;
            Some(s.links.remove(at))
        });
        gone.map(drop).ok_or(Errno::ENOENT)
    }

    /// All of them.
    pub fn clear(&self) {
        let gone = self.with(|s| core::mem::take(&mut s.links));
        drop(gone);
    }

    /// Searches this keyring and those below. `ENOKEY`, or why what was found is of no use.
    pub fn search(&self, cred: &Cred, how: Search, wanted: &dyn Fn(&Key) -> bool) -> Result<Arc<Key>> {
        self.check()?;
        self.allows(cred, how.possessed, perm::SEARCH)?;
        self.search_below(cred, how, wanted, DEPTH)
    }

    fn search_below(&self, cred: &Cred, how: Search, wanted: &dyn Fn(&Key) -> bool, depth: usize) -> Result<Arc<Key>> {
        let mut why = Errno::ENOKEY;
        let links = self.links();
        for key in links.iter().filter(|k| wanted(k)) {
            let state = if how.any_state { Ok(()) } else { key.check().and_then(|()| key.check_positive()) };
            match state.and_then(|()| key.allows(cred, how.possessed, perm::SEARCH)) {
                Ok(()) => return Ok(key.clone()),
                Err(e) => why = e,
            }
        }
        for ring in links.iter().filter(|k| k.kind == Kind::Keyring && depth > 0) {
            let open = ring.check().is_ok() && ring.allows(cred, how.possessed, perm::SEARCH).is_ok();
            match if open { ring.search_below(cred, how, wanted, depth - 1) } else { Err(Errno::ENOKEY) } {
                Ok(found) => return Ok(found),
                Err(Errno::ENOKEY) => {}
                Err(e) => why = e,
            }
        }
        Err(why)
    }
}
