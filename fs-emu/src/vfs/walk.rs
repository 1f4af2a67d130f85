//! The path walk: from a name to a [`Path`].
//!
//! Answers to the first half of Linux's `fs/namei.c`. A walk is a loop over the components of a text; a symlink's target
//! is put in front of what is left of it. Holds no lock between components.

use super::dentry::Dentry;
use super::mount::{MountFlags, Path};
use super::perm;
use super::spot::Spot;
use crate::{Cred, FileType};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use bitflags::bitflags;
use host::rcu::{self, Held, Reading};
use host::{Errno, Result};

/// Longest path, its NUL included.
const PATH_MAX: usize = 4096;
/// Longest component.
pub const NAME_MAX: usize = 255;
/// Most symlinks in one walk.
const MAX_LINKS: u32 = 40;

bitflags! {
    /// How to walk: the `RESOLVE_*` flags of `openat2(2)` with their values, and ours above them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Resolve: u32 {
        /// `RESOLVE_NO_XDEV`.
        const NO_XDEV = 0x01;
        /// `RESOLVE_NO_MAGICLINKS`.
        const NO_MAGICLINKS = 0x02;
        /// `RESOLVE_NO_SYMLINKS`.
        const NO_SYMLINKS = 0x04;
        /// `RESOLVE_BENEATH`.
        const BENEATH = 0x08;
        /// `RESOLVE_IN_ROOT`.
        const IN_ROOT = 0x10;
        /// `RESOLVE_CACHED`.
        const CACHED = 0x20;
        /// A final symlink is the result itself (`AT_SYMLINK_NOFOLLOW`).
        const NOFOLLOW = 1 << 16;
        /// The result must be a directory.
        const DIRECTORY = 1 << 17;
        /// An empty path means the start (`AT_EMPTY_PATH`).
        const EMPTY_PATH = 1 << 18;
    }
}

/// Who asks.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The asker's root directory.
    pub root: &'a Path,
    /// The asker's credentials.
    pub cred: &'a Cred,
    /// The asker's file creation mask.
    pub umask: u32,
}

/// A name relative to a directory (the working directory, or that of a descriptor).
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// Where a relative path starts.
    pub base: &'a Path,
    /// The path, without NUL.
    pub path: &'a [u8],
}

impl<'a> At<'a> {
    /// A name below a base.
    pub fn new(base: &'a Path, path: &'a [u8]) -> At<'a> {
        At { base, path }
    }
}

/// The last component of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    /// An ordinary name of at most [`NAME_MAX`] bytes.
    Name(Vec<u8>),
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// None: the path was all slashes.
    Root,
}

/// Where a name is to be made, removed or moved.
pub struct Parent {
    /// The directory, which may be searched.
    pub dir: Path,
    /// The name in it.
    pub last: Last,
    /// Slashes followed the name.
    pub slash: bool,
}

impl<'a> Ctx<'a> {
    /// Finds a file. `NOFOLLOW`, `DIRECTORY` and `EMPTY_PATH` say what the last component may be.
    pub fn find(&self, at: At<'_>, how: Resolve) -> Result<Path> {
        let ctx = Ctx { ..*self };
        ctx.find_in(&rcu::read(), at, how).map(Spot::into_path)
    }

    /// The same for as long as this thread reads, without a count where it can be had so.
    pub fn find_in<'r>(&self, reading: &'r Reading, at: At<'r>, how: Resolve) -> Result<Spot<'r>>
    where
        'a: 'r,
    {
        if at.path.is_empty() {
            if !how.contains(Resolve::EMPTY_PATH) {
                return Err(Errno::ENOENT);
            }
            return want_dir(at.base.into(), how.contains(Resolve::DIRECTORY));
        }
        let mut walker = Walker::new(*self, reading, at, how)?;
        let follow = !how.contains(Resolve::NOFOLLOW);
        loop {
            let (last, slash) = walker.advance()?;
            let dir = how.contains(Resolve::DIRECTORY) || walker.want_dir || slash;
            let found = match last {
                Piece::Name(name) => walker.child(name)?,
                Piece::DotDot => {
                    walker.dotdot()?;
                    return Ok(walker.cur);
                }
                Piece::Dot | Piece::Root => return Ok(walker.cur),
            };
            if found.dentry.file_type() == FileType::Symlink && (follow || slash) {
                walker.want_dir = dir;
                if walker.follow(&found)? {
                    return want_dir(walker.cur, dir);
                }
                continue;
            }
            return want_dir(found, dir);
        }
    }

    /// Finds the directory of a path's last component, which need not exist.
    pub fn parent(&self, at: At<'_>, how: Resolve) -> Result<Parent> {
        if at.path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let reading = rcu::read();
        let mut walker = Walker::new(*self, &reading, at, how)?;
        let (last, slash) = walker.advance()?;
        let last = match last {
            Piece::Name(name) => Last::Name(walker.name(name).to_vec()),
            Piece::Dot => Last::Dot,
            Piece::DotDot => Last::DotDot,
            Piece::Root => Last::Root,
        };
        Ok(Parent { dir: walker.cur.into_path(), last, slash })
    }
}

fn want_dir(spot: Spot<'_>, dir: bool) -> Result<Spot<'_>> {
    if dir && !spot.dentry.is_dir() { Err(Errno::ENOTDIR) } else { Ok(spot) }
}

/// As [`Last`], a name being a range of the walk's text.
#[derive(Clone, Copy)]
pub(crate) enum Piece {
    Name(Name),
    Dot,
    DotDot,
    Root,
}

/// Start and end of a name.
#[derive(Clone, Copy)]
pub(crate) struct Name(usize, usize);

/// A walk under way.
pub(crate) struct Walker<'a> {
    ctx: Ctx<'a>,
    how: Resolve,
    reading: &'a Reading,
    /// What `/` and `..` stop at: the asker's root, or with `BENEATH` and `IN_ROOT` the start.
    root: &'a Path,
    /// The place reached.
    pub(crate) cur: Spot<'a>,
    text: Cow<'a, [u8]>,
    pos: usize,
    links: u32,
    /// A slash followed a symlink that was the last component.
    pub(crate) want_dir: bool,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(ctx: Ctx<'a>, reading: &'a Reading, at: At<'a>, how: Resolve) -> Result<Walker<'a>> {
        if at.path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let scoped = how.intersects(Resolve::BENEATH | Resolve::IN_ROOT);
        let absolute = at.path.first() == Some(&b'/');
        if absolute && how.contains(Resolve::BENEATH) {
            return Err(Errno::EXDEV);
        }
        if scoped || !absolute {
            want_dir(at.base.into(), true)?;
        }
        let root = if scoped { at.base } else { ctx.root };
        let cur = if absolute { root } else { at.base }.into();
        Ok(Walker { ctx, how, reading, root, cur, text: Cow::Borrowed(at.path), pos: 0, links: 0, want_dir: false })
    }

    /// Walks up to the last component and returns it, and whether slashes follow it.
    pub(crate) fn advance(&mut self) -> Result<(Piece, bool)> {
        loop {
            let (piece, end, next) = self.component()?;
            if next == self.text.len() {
                self.pos = next;
                return Ok((piece, end != next));
            }
            self.pos = next;
            match piece {
                Piece::Dot | Piece::Root => {}
                Piece::DotDot => self.dotdot()?,
                Piece::Name(name) => {
                    let found = self.look(self.name(name))?;
                    match found.file_type() {
                        FileType::Directory if found.is_mountpoint() => self.cur = self.enter(found)?,
                        // By far the most common: the mount stays, and its count is left alone.
                        FileType::Directory => self.cur.dentry = found,
                        FileType::Symlink => {
                            let link = self.enter(found)?;
                            self.follow(&link)?;
                        }
                        _ => return Err(Errno::ENOTDIR),
                    }
                }
            }
        }
    }

    /// The next component, where it ends, and where the one after it starts. Checks that it may be looked for.
    fn component(&self) -> Result<(Piece, usize, usize)> {
        let skip = |mut i: usize| {
            while self.text.get(i) == Some(&b'/') {
                i += 1;
            }
            i
        };
        let start = skip(self.pos);
        if start == self.text.len() {
            return Ok((Piece::Root, start, start));
        }
        if !self.cur.dentry.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        perm::permission(self.ctx.cred, &**self.cur.dentry.inode(), perm::EXEC)?;
        let rest = self.text.get(start..).unwrap_or_default();
        let name = rest.split(|&b| b == b'/').next().unwrap_or_default();
        let end = start + name.len();
        let piece = match name {
            b"." => Piece::Dot,
            b".." => Piece::DotDot,
            _ if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
            _ => Piece::Name(Name(start, end)),
        };
        Ok((piece, end, skip(end)))
    }

    /// The bytes of a name of this text.
    pub(crate) fn name(&self, name: Name) -> &[u8] {
        self.text.get(name.0..name.1).unwrap_or_default()
    }

    /// A name in the directory reached.
    fn look(&self, name: &[u8]) -> Result<Held<'a, Dentry>> {
        match self.cur.dentry.cached(self.reading, name) {
            Some(dentry) if dentry.get().is_absent() => Err(Errno::ENOENT),
            Some(dentry) => Ok(Held::Read(dentry)),
            None => self.cur.dentry.to_arc().lookup(name).map(Held::Counted),
        }
    }

    /// A name that is known to be there, likewise crossed; `None` does not mean that it is not.
    pub(crate) fn known_child(&self, name: Name) -> Result<Option<Spot<'a>>> {
        let known = self.cur.dentry.cached(self.reading, self.name(name)).filter(|d| !d.get().is_absent());
        known.map(|dentry| self.enter(Held::Read(dentry))).transpose()
    }

    /// The same, crossed into what is mounted on it.
    pub(crate) fn child(&self, name: Name) -> Result<Spot<'a>> {
        self.enter(self.look(self.name(name))?)
    }

    /// A child that is known already.
    pub(crate) fn enter(&self, dentry: Held<'a, Dentry>) -> Result<Spot<'a>> {
        let spot = Spot { mount: self.cur.mount.clone(), dentry }.down(self.reading);
        self.same_mount(&spot)?;
        Ok(spot)
    }

    fn same_mount(&self, spot: &Spot<'_>) -> Result<()> {
        if self.how.contains(Resolve::NO_XDEV) && !core::ptr::eq(&*spot.mount, &*self.cur.mount) {
            return Err(Errno::EXDEV);
        }
        Ok(())
    }

    /// One level up, not above the root.
    pub(crate) fn dotdot(&mut self) -> Result<()> {
        let up = self.cur.clone().up();
        let parent = if self.cur.is(self.root) { None } else { up.parent(self.reading) };
        let Some(parent) = parent else {
            return if self.how.contains(Resolve::BENEATH) { Err(Errno::EXDEV) } else { Ok(()) };
        };
        let spot = Spot { mount: up.mount, dentry: parent }.down(self.reading);
        self.same_mount(&spot)?;
        self.cur = spot;
        Ok(())
    }

    /// Follows a symlink that was found in the directory reached. `true` when it was a magic link: `cur` is its target.
    /// Otherwise the walk goes on with its text.
    pub(crate) fn follow(&mut self, link: &Spot<'_>) -> Result<bool> {
        self.links += 1;
        let forbidden = self.how.contains(Resolve::NO_SYMLINKS)
            || link.mount.flags().contains(MountFlags::NOSYMFOLLOW)
            || self.links > MAX_LINKS;
        if forbidden {
            return Err(Errno::ELOOP);
        }
        if let Some(target) = link.dentry.inode().magic_link() {
            self.jump(target)?;
            return Ok(true);
        }
        let mut text = link.dentry.inode().readlink()?;
        if text.is_empty() {
            return Err(Errno::ENOENT);
        }
        if text.first() == Some(&b'/') {
            if self.how.contains(Resolve::BENEATH) {
                return Err(Errno::EXDEV);
            }
            let root = self.root.into();
            self.same_mount(&root)?;
            self.cur = root;
        }
        if self.pos < self.text.len() {
            text.push(b'/');
            text.extend_from_slice(self.text.get(self.pos..).unwrap_or_default());
        }
        self.text = Cow::Owned(text);
        self.pos = 0;
        Ok(false)
    }

    fn jump(&mut self, target: Result<Path>) -> Result<()> {
        if self.how.contains(Resolve::NO_MAGICLINKS) {
            return Err(Errno::ELOOP);
        }
        let target = Spot::from(target?);
        self.same_mount(&target)?;
        if self.how.intersects(Resolve::BENEATH | Resolve::IN_ROOT) {
            return Err(Errno::EXDEV);
        }
        self.cur = target;
        Ok(())
    }
}
