//! Making and removing names.

use super::lookup::Upper;
use super::node::{Names, Node};
use super::work::{self, is_whiteout};
use crate::inode::{FileType, InodeRef, Owner};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use host::{Errno, Result};

impl Node {
    pub fn create_node(&self, name: &[u8], mode: u32, rdev: u64, owner: Owner) -> Result<Arc<Node>> {
        let kind = FileType::from_mode(mode);
        if kind == Some(FileType::CharDevice) && rdev == 0 {
            // It would be a whiteout.
            return Err(Errno::EPERM);
        }
        let directory = kind == Some(FileType::Directory);
        self.make(name, directory, |dir, name| dir.create(name, mode, rdev, owner))
    }

    /// Makes a file with `build`, which is given an upper directory and a name.
    pub fn make(
        &self,
        name: &[u8],
        directory: bool,
        build: impl FnOnce(&InodeRef, &[u8]) -> Result<InodeRef>,
    ) -> Result<Arc<Node>> {
        let dir = self.copy_up()?;
        let mut names = self.names.lock();
        let file = if self.claim(&mut names, name)? {
            let work = &self.shared.work;
            let temp = work.name();
            let file = build(&work.dir, &temp)?;
            work.replace(&temp, &dir, name).inspect_err(|_| work.discard(&temp))?;
            file
        } else {
            build(&dir, name)?
        };
        let node = self.shared.adopt(file, Some(self), name)?;
        names.put(name, &node);
        if directory {
            self.count_link(1);
        }
        Ok(node)
    }

    pub fn link_node(&self, name: &[u8], node: &Node) -> Result<()> {
        let file = node.copy_up()?;
        let dir = self.copy_up()?;
        let mut names = self.names.lock();
        if self.claim(&mut names, name)? {
            let work = &self.shared.work;
            let temp = work.name();
            work.dir.link(&temp, &file)?;
            work.replace(&temp, &dir, name).inspect_err(|_| work.discard(&temp))?;
        } else {
            dir.link(name, &file)?;
        }
        names.put(name, &node.this()?);
        Ok(())
    }

    /// Makes sure that a name is free; answers whether a whiteout stands there.
    fn claim(&self, names: &mut Names, name: &[u8]) -> Result<bool> {
        if self.is_gone() {
            return Err(Errno::ENOENT);
        }
        if self.find_opt(names, name)?.is_some() {
            return Err(Errno::EEXIST);
        }
        Ok(matches!(self.in_upper(name)?, Upper::Whiteout))
    }

    pub fn unlink_node(&self, name: &[u8]) -> Result<()> {
        let dir = self.ready_to_remove(name, false)?;
        let mut names = self.names.lock();
        let node = self.find_removable(&mut names, name, false)?;
        let covers = !self.in_lower(&mut names, name)?.is_empty();
        let work = &self.shared.work;
        match node.upper() {
            None => work.hide(&dir, name)?,
            Some(_) if covers => {
                let mark = work.whiteout()?;
                work.put(&mark, &dir, name).inspect_err(|_| work.discard(&mark))?;
            }
            Some(_) => dir.unlink(name)?,
        }
        names.remove(name);
        node.lost_name();
        Ok(())
    }

    pub fn rmdir_node(&self, name: &[u8]) -> Result<()> {
        let dir = self.ready_to_remove(name, true)?;
        let mut names = self.names.lock();
        let node = self.find_removable(&mut names, name, true)?;
        let covers = !self.in_lower(&mut names, name)?.is_empty();
        let work = &self.shared.work;
        let _inner = node.names.lock();
        node.check_empty()?;
        match node.upper() {
            None => work.hide(&dir, name)?,
            Some(_) if covers => {
                let mark = work.whiteout()?;
                work.replace(&mark, &dir, name).inspect_err(|_| work.discard(&mark))?;
            }
            Some(_) if node.lower.is_empty() => dir.rmdir(name)?,
            Some(_) => work.discard(&work.take(&dir, name)?),
        }
        names.remove(name);
        node.lost_name();
        self.count_link(-1);
        Ok(())
    }

    /// Looks before it copies up: a removal that fails must leave nothing behind.
    fn ready_to_remove(&self, name: &[u8], directory: bool) -> Result<InodeRef> {
        {
            let mut names = self.names.lock();
            let node = self.find_removable(&mut names, name, directory)?;
            if directory {
                node.check_empty()?;
            }
        }
        self.copy_up()
    }

    fn find_removable(&self, names: &mut Names, name: &[u8], directory: bool) -> Result<Arc<Node>> {
        let node = self.find(names, name)?;
        match (directory, node.is_dir()) {
            (true, false) => Err(Errno::ENOTDIR),
            (false, true) => Err(Errno::EISDIR),
            _ => Ok(node),
        }
    }

    /// One name of this node is gone from its directory.
    pub fn lost_name(&self) {
        self.set_gone();
        let Some(upper) = self.upper() else {
            return;
        };
        if let Ok(meta) = upper.metadata()
            && (self.is_dir() || meta.nlink == 0)
        {
            self.shared.table.forget(meta.ino);
        }
    }

    /// `ENOTEMPTY` if the merged directory shows anything.
    pub fn check_empty(&self) -> Result<()> {
        let mut hidden = BTreeSet::new();
        for layer in self.upper().iter().chain(&self.lower) {
            for entry in work::entries(layer)? {
                if hidden.contains(&entry.name) {
                    continue;
                }
                let whiteout = entry.kind == FileType::CharDevice as u8
                    && layer.lookup(&entry.name).and_then(|f| is_whiteout(&f)).unwrap_or(false);
                if !whiteout {
                    return Err(Errno::ENOTEMPTY);
                }
                hidden.insert(entry.name);
            }
        }
        Ok(())
    }
}
