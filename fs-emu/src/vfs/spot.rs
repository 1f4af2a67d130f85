//! A place in the tree that a walk stands on: a [`Path`] of which nothing need be counted.
//!
//! Answers to the `struct path` of Linux's RCU walk. Takes no lock.

use super::dentry::Dentry;
use super::mount::{Mount, Path};
use crate::Metadata;
use host::Result;
use host::rcu::{Held, Reading};

/// Mount and name, read or counted.
#[derive(Clone)]
pub struct Spot<'r> {
    /// The mount.
    pub mount: Held<'r, Mount>,
    /// The name.
    pub dentry: Held<'r, Dentry>,
}

impl<'r> From<&'r Path> for Spot<'r> {
    fn from(path: &'r Path) -> Spot<'r> {
        Spot { mount: (&path.mount).into(), dentry: (&path.dentry).into() }
    }
}

impl From<Path> for Spot<'_> {
    fn from(path: Path) -> Self {
        Spot { mount: Held::Counted(path.mount), dentry: Held::Counted(path.dentry) }
    }
}

impl<'r> Spot<'r> {
    /// With a count.
    pub fn into_path(self) -> Path {
        Path { mount: self.mount.into_arc(), dentry: self.dentry.into_arc() }
    }

    /// Attributes, as `stat` gives them.
    pub fn metadata(&self) -> Result<Metadata> {
        self.dentry.inode().metadata()
    }

    /// Whether it is the same place.
    pub(crate) fn is(&self, path: &Path) -> bool {
        core::ptr::eq(&*self.mount, &*path.mount) && core::ptr::eq(&*self.dentry, &*path.dentry)
    }

    /// From a mount point to the root of what is mounted there, however many lie on top of each other.
    pub(crate) fn down(mut self, reading: &'r Reading) -> Spot<'r> {
        while let Some(mount) = self.mount.child_at(reading, &self.dentry) {
            self = Spot { mount: mount.into(), dentry: mount.root().into() };
        }
        self
    }

    /// From a mount's root to the place that it covers; stays in the root mount.
    pub(crate) fn up(mut self) -> Spot<'r> {
        while core::ptr::eq(&*self.dentry, &**self.mount.root()) {
            let at = match &self.mount {
                Held::Read(mount) => mount.get().at().map(Spot::from),
                Held::Counted(mount) => mount.at().cloned().map(Spot::from),
            };
            let Some(at) = at else { break };
            self = at;
        }
        self
    }

    /// The directory that it is in; `None` for a root.
    pub(crate) fn parent(&self, reading: &'r Reading) -> Option<Held<'r, Dentry>> {
        self.dentry.place_in(reading).parent.as_ref().map(Held::from)
    }
}
