//! `add_key(2)`, `request_key(2)`, `keyctl(2)` (`security/keys/keyctl.c`).

use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use fs_emu::cred::Caps;
use host::abi::Timespec;
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::keys::{Key, Kind, Lookup, Search, perm};

const MOST_DATA: usize = (1 << 20) - 1;
const MOST_DESCRIPTION: usize = 4096;
/// Seconds that a negative key stays (`key_negative_timeout`).
const NEGATIVE: i64 = 60;

/// A type's name: `EINVAL` without one or beyond 31 bytes, `EPERM` for those of the kernel's own.
fn type_name(at: Ptr) -> Result<Vec<u8>> {
    let name = user::read_cstr(at.0, 32, Errno::EINVAL)?;
    match name.first() {
        None => Err(Errno::EINVAL),
        Some(b'.') => Err(Errno::EPERM),
        Some(_) => Ok(name),
    }
}

fn description(at: Ptr) -> Result<Vec<u8>> {
    user::read_cstr(at.0, MOST_DESCRIPTION, Errno::EINVAL)
}

fn payload(at: Ptr, len: usize) -> Result<Vec<u8>> {
    let mut data = vec![0; len];
    user::copy_in(&mut data, at.0)?;
    Ok(data)
}

const WRITES: Lookup = Lookup { create: true, partial: false, need: perm::WRITE };

fn needs(need: u32) -> Lookup {
    Lookup { need, ..Lookup::default() }
}

/// `add_key(2)`.
pub fn add_key(call: &mut Call<'_>, kind: Ptr, name: Ptr, data: Ptr, len: usize, ring: i32) -> Result<usize> {
    if len > MOST_DATA {
        return Err(Errno::EINVAL);
    }
    let kind = type_name(kind)?;
    let name = if name.0 == 0 { Vec::new() } else { description(name)? };
    if name.first() == Some(&b'.') && kind.starts_with(b"keyring") {
        return Err(Errno::EPERM);
    }
    let data = payload(data, len)?;
    let ring = call.task.key(ring, WRITES)?;
    let kind = Kind::named(&kind)?;
    ring.key.want_ring()?;
    kind.fits(Some(&name), &data)?;
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    if kind != Kind::Keyring
        && let Some(known) = ring.key.find_link(kind, &name)
    {
        known.allows(&call.task.cred(), ring.possessed, perm::WRITE)?;
        if known.check().is_ok() {
            known.update(data)?;
            return Ok(known.serial as usize);
        }
    }
    let key = kernel().keys.make(kind, &name, data, &call.task.cred(), kind.permissions())?;
    ring.key.link(&key)?;
    Ok(key.serial as usize)
}

/// `request_key(2)`.
pub fn request_key(call: &mut Call<'_>, kind: Ptr, name: Ptr, callout: Ptr, ring: i32) -> Result<usize> {
    let kind = type_name(kind)?;
    let name = description(name)?;
    let callout = if callout.0 == 0 { None } else { Some(user::read_cstr(callout.0, PAGE_SIZE, Errno::EINVAL)?) };
    let ring = if ring == 0 { None } else { Some(call.task.key(ring, WRITES)?.key) };
    let kind = Kind::named(&kind).map_err(|_| Errno::ENOKEY)?;
    match call.task.search_keys(&|k| k.kind == kind && k.description == name) {
        Ok(key) => {
            if let Some(ring) = ring {
                key.allows(&call.task.cred(), true, perm::LINK)?;
                ring.link(&key)?;
            }
            Ok(key.serial as usize)
        }
        Err(Errno::ENOKEY) if callout.is_some() => construct(call.task, kind, &name, ring),
        Err(e) => Err(e),
    }
}

/// Nobody can make the key that is asked for: for a while it is known not to be there.
fn construct(task: &Task, kind: Kind, name: &[u8], ring: Option<Arc<Key>>) -> Result<usize> {
    if kind == Kind::Keyring {
        return Err(Errno::EPERM);
    }
    let ring = match ring {
        Some(ring) => ring,
        None => task.default_ring()?,
    };
    if ring.find_link(kind, name).is_some() {
        return Err(Errno::ENOKEY);
    }
    let key = kernel().keys.make(kind, name, Vec::new(), &task.cred(), kind.permissions())?;
    key.with(|s| {
        s.negative = true;
        s.expires = host::time::monotonic().checked_add(Timespec { sec: NEGATIVE, nsec: 0 });
    });
    ring.link(&key)?;
    // What is missing is `/sbin/request-key`.
    Err(Errno::ENOENT)
}

macro_rules! operations {
    ($($name:ident = $n:literal),* $(,)?) => { $(const $name: i32 = $n;)* };
}

operations! {
    GET_KEYRING_ID = 0, JOIN_SESSION = 1, UPDATE = 2, REVOKE = 3, CHOWN = 4, SETPERM = 5, DESCRIBE = 6, CLEAR = 7, LINK = 8,
    UNLINK = 9, SEARCH = 10, READ = 11, INSTANTIATE = 12, NEGATE = 13, SET_REQKEY = 14, SET_TIMEOUT = 15, ASSUME = 16,
    GET_SECURITY = 17, REJECT = 19, INSTANTIATE_IOV = 20, INVALIDATE = 21, MOVE = 30, CAPABILITIES = 31,
}

/// `keyctl(2)`.
pub fn keyctl(call: &mut Call<'_>, op: i32, a: u64, b: u64, c: u64, d: u64) -> Result<usize> {
    let task = call.task;
    let id = a as i32;
    match op {
        GET_KEYRING_ID => {
            let how = Lookup { create: b as i32 != 0, ..needs(perm::SEARCH) };
            task.key(id, how).map(|r| r.key.serial as usize)
        }
        JOIN_SESSION => join(task, Ptr(a as usize)),
        UPDATE => update(task, id, Ptr(b as usize), c as usize),
        REVOKE => {
            let found = match task.key(id, needs(perm::WRITE)) {
                Err(Errno::EACCES) => task.key(id, needs(perm::SETATTR)),
                other => other,
            };
            found.map(|r| r.key.revoke()).map(|()| 0)
        }
        CHOWN | SETPERM | SET_TIMEOUT | INVALIDATE => change(task, op, id, b as u32, c as u32),
        DESCRIBE => describe(task, id, Ptr(b as usize), c as usize),
        GET_SECURITY => {
            task.key(id, Lookup { partial: true, ..needs(perm::VIEW) })?;
            put(Ptr(b as usize), c as usize, b"\0")
        }
        READ => read(task, id, Ptr(b as usize), c as usize),
        CLEAR | LINK | UNLINK | MOVE => links(task, op, id, [b as i32, c as i32], d as u32),
        SEARCH => search(task, id, Ptr(b as usize), Ptr(c as usize), d as i32),
        SET_REQKEY => set_default(task, id),
        // Nobody is ever given the authority to make a key that somebody asked for.
        ASSUME if id == 0 => Ok(0),
        ASSUME if id < 0 => Err(Errno::EINVAL),
        ASSUME => Err(Errno::ENOKEY),
        INSTANTIATE | NEGATE | REJECT | INSTANTIATE_IOV => Err(Errno::EPERM),
        CAPABILITIES => capabilities(Ptr(a as usize), b as usize),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

fn join(task: &Task, name: Ptr) -> Result<usize> {
    if name.0 == 0 {
        return task.join_session(None).map(|k| k.serial as usize);
    }
    let name = description(name)?;
    if name.first() == Some(&b'.') {
        return Err(Errno::EPERM);
    }
    task.join_session(Some(&name)).map(|k| k.serial as usize)
}

fn update(task: &Task, id: i32, data: Ptr, len: usize) -> Result<usize> {
    if len > PAGE_SIZE {
        return Err(Errno::EINVAL);
    }
    let data = payload(data, len)?;
    let key = task.key(id, needs(perm::WRITE))?.key;
    if key.kind == Kind::Keyring {
        return Err(Errno::EOPNOTSUPP);
    }
    key.kind.fits(None, &data)?;
    key.update(data).map(|()| 0)
}

/// Attributes.
fn change(task: &Task, op: i32, id: i32, b: u32, c: u32) -> Result<usize> {
    let cred = task.cred();
    let admin = cred.capable(Caps::SYS_ADMIN);
    let attributes = Lookup { create: true, partial: true, need: perm::SETATTR };
    match op {
        CHOWN if (b, c) == (u32::MAX, u32::MAX) => {}
        CHOWN => task.key(id, attributes)?.key.with(|s| {
            let uid = b != u32::MAX && b != s.uid;
            let gid = c != u32::MAX && c != s.gid && !cred.in_group(c);
            if !admin && (uid || gid) {
                return Err(Errno::EACCES);
            }
            s.uid = if b == u32::MAX { s.uid } else { b };
            s.gid = if c == u32::MAX { s.gid } else { c };
            Ok(())
        })?,
        SETPERM if b & !perm::ALL != 0 => return Err(Errno::EINVAL),
        SETPERM => task.key(id, attributes)?.key.with(|s| {
            if !admin && s.uid != cred.fsuid {
                return Err(Errno::EACCES);
            }
            s.perm = b;
            Ok(())
        })?,
        SET_TIMEOUT => {
            let at = host::time::monotonic().checked_add(Timespec { sec: i64::from(b), nsec: 0 });
            task.key(id, attributes)?.key.with(|s| s.expires = at.filter(|_| b > 0));
        }
        _ => task.key(id, needs(perm::SEARCH))?.key.with(|s| s.invalid = true),
    }
    Ok(0)
}

/// Copies what fits as a whole; answers how long it is.
fn put(at: Ptr, room: usize, text: &[u8]) -> Result<usize> {
    if at.0 != 0 && room >= text.len() {
        user::copy_out(at.0, text)?;
    }
    Ok(text.len())
}

fn describe(task: &Task, id: i32, at: Ptr, room: usize) -> Result<usize> {
    let key = task.key(id, Lookup { partial: true, ..needs(perm::VIEW) })?.key;
    let (uid, gid, bits) = key.with(|s| (s.uid, s.gid, s.perm));
    let mut text = format!("{};{};{};{bits:08x};", key.kind.name(), uid as i32, gid as i32).into_bytes();
    text.extend(&key.description);
    text.push(0);
    put(at, room, &text)
}

fn read(task: &Task, id: i32, at: Ptr, room: usize) -> Result<usize> {
    let found = match task.key(id, Lookup::default()) {
        Err(Errno::EINVAL) => return Err(Errno::ENOKEY),
        found => found?,
    };
    // Who possesses a key that can be searched may read it.
    match found.key.allows(&task.cred(), found.possessed, perm::READ) {
        Err(Errno::EACCES) if found.possessed => {}
        other => other?,
    }
    if found.key.kind == Kind::Logon {
        return Err(Errno::EOPNOTSUPP);
    }
    found.key.check()?;
    let text: Vec<u8> = found.key.with(|s| match found.key.kind {
        Kind::Keyring => s.links.iter().flat_map(|k| k.serial.to_ne_bytes()).collect(),
        _ => s.data.clone(),
    });
    put(at, room, &text)
}

fn links(task: &Task, op: i32, id: i32, rings: [i32; 2], flags: u32) -> Result<usize> {
    const NO_REPLACE: u32 = 1;
    if op == CLEAR {
        let ring = task.key(id, WRITES)?.key;
        ring.want_ring()?;
        ring.clear();
        return Ok(0);
    }
    if op == MOVE && flags & !NO_REPLACE != 0 {
        return Err(Errno::EINVAL);
    }
    let linkable = Lookup { create: true, ..needs(perm::LINK) };
    match op {
        LINK => {
            let ring = task.key(rings[0], WRITES)?.key;
            ring.link(&task.key(id, linkable)?.key)?;
        }
        UNLINK => {
            let ring = task.key(rings[0], needs(perm::WRITE))?.key;
            let key = task.key(id, Lookup { partial: true, ..Lookup::default() })?.key;
            ring.want_ring()?;
            ring.unlink(&key)?;
        }
        _ => {
            let key = task.key(id, linkable)?.key;
            let (from, to) = (task.key(rings[0], needs(perm::WRITE))?.key, task.key(rings[1], WRITES)?.key);
            if flags & NO_REPLACE != 0 && to.find_link(key.kind, &key.description).is_some() {
                return Err(Errno::EEXIST);
            }
            if from.serial != to.serial {
                from.want_ring()?;
                from.unlink(&key)?;
                to.link(&key)?;
            }
        }
    }
    Ok(0)
}

fn search(task: &Task, id: i32, kind: Ptr, name: Ptr, dest: i32) -> Result<usize> {
    let (kind, name) = (type_name(kind)?, description(name)?);
    let ring = task.key(id, needs(perm::SEARCH))?;
    let dest = if dest == 0 { None } else { Some(task.key(dest, WRITES)?.key) };
    let kind = Kind::named(&kind).map_err(|_| Errno::ENOKEY)?;
    ring.key.want_ring()?;
    let cred = task.cred();
    let how = Search { possessed: ring.possessed, any_state: false };
    let key = ring.key.search(&cred, how, &|k| k.kind == kind && k.description == name)?;
    if let Some(dest) = dest {
        key.allows(&cred, ring.possessed, perm::LINK)?;
        dest.link(&key)?;
    }
    Ok(key.serial as usize)
}

/// `KEYCTL_SET_REQKEY_KEYRING`: answers what it was.
fn set_default(task: &Task, ring: i32) -> Result<usize> {
    let old = task.keyrings.lock().default as usize;
    match ring {
        -1 => return Ok(old),
        1 | 2 => drop(task.key(-ring, Lookup { create: true, ..Lookup::default() })?),
        0 | 3..=5 | 7 => {}
        _ => return Err(Errno::EINVAL),
    }
    task.keyrings.lock().default = ring;
    Ok(old)
}

/// `KEYCTL_CAPABILITIES`: big keys, invalidation, moving.
fn capabilities(at: Ptr, room: usize) -> Result<usize> {
    const CAPS: [u8; 2] = [0x01 | 0x10 | 0x20 | 0x80, 0];
    user::copy_out(at.0, CAPS.get(..room.min(2)).unwrap_or_default())?;
    user::clear(at.0.wrapping_add(2), room.saturating_sub(2))?;
    Ok(CAPS.len())
}
