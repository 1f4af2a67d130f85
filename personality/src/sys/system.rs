//! The system as a whole: `uname`, `sysinfo`, host names, `getrandom`, `personality`, `membarrier` (Linux's `kernel/sys.c`).
//!
//! Release, version, memory and load are the host's; the names and the number of tasks are the sandbox's. Left out: other
//! execution domains than Linux's, and `membarrier`, which says so when asked.

use crate::dispatch::Call;
use crate::table::Ptr;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::cred::Caps;
use host::abi::Utsname;
use host::sys::{clock, process};
use host::{Errno, Result, layout, user};
use vkernel::kernel::kernel;

/// `__NEW_UTS_LEN`.
const NAME_MAX: i32 = 64;

/// `uname(2)`.
pub fn uname(call: &mut Call<'_>, buf: Ptr) -> Result<usize> {
    const PER_MASK: u32 = 0xff;
    const PER_LINUX32: u32 = 8;
    let persona = call.task.group.persona.load(SeqCst) & PER_MASK;
    let machine: &[u8] = if persona == PER_LINUX32 { b"i686" } else { b"x86_64" };
    let k = kernel();
    let names = k.names.lock().clone();
    let out = Utsname {
        sysname: padded(b"Linux"),
        nodename: padded(&names.0),
        release: padded(&k.version.0),
        version: padded(&k.version.1),
        machine: padded(machine),
        domainname: padded(&names.1),
    };
    user::write(buf.0, &out).map(|()| 0)
}

fn padded(text: &[u8]) -> [u8; 65] {
    let mut out = [0; 65];
    for (to, from) in out.iter_mut().take(NAME_MAX as usize).zip(text) {
        *to = *from;
    }
    out
}

fn new_name(call: &Call<'_>, name: Ptr, len: i32) -> Result<alloc::vec::Vec<u8>> {
    if !call.task.cred().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    if !(0..=NAME_MAX).contains(&len) {
        return Err(Errno::EINVAL);
    }
    user::read_array(name.0, len as usize)
}

/// `sethostname(2)`.
pub fn sethostname(call: &mut Call<'_>, name: Ptr, len: i32) -> Result<usize> {
    let name = new_name(call, name, len)?;
    kernel().names.lock().0 = name;
    Ok(0)
}

/// `setdomainname(2)`.
pub fn setdomainname(call: &mut Call<'_>, name: Ptr, len: i32) -> Result<usize> {
    let name = new_name(call, name, len)?;
    kernel().names.lock().1 = name;
    Ok(0)
}

/// `sysinfo(2)`.
pub fn sysinfo(_call: &mut Call<'_>, info: Ptr) -> Result<usize> {
    let mut out = process::sysinfo()?;
    out.procs = u16::try_from(kernel().tasks.counts().0).unwrap_or(u16::MAX);
    user::write(info.0, &out).map(|()| 0)
}

/// `syslog(2)`: there is no log to see.
pub fn syslog(_call: &mut Call<'_>, _kind: i32, _buf: Ptr, _len: i32) -> Result<usize> {
    Err(Errno::EPERM)
}

/// `personality(2)`.
pub fn personality(call: &mut Call<'_>, persona: u32) -> Result<usize> {
    const QUERY: u32 = u32::MAX;
    let at = &call.task.group.persona;
    let old = if persona == QUERY { at.load(SeqCst) } else { at.swap(persona, SeqCst) };
    Ok(old as usize)
}

/// `getrandom(2)`.
pub fn getrandom(call: &mut Call<'_>, buf: Ptr, len: usize, flags: u32) -> Result<usize> {
    const NONBLOCK: u32 = 1;
    const RANDOM: u32 = 2;
    const INSECURE: u32 = 4;
    /// `MAX_RW_COUNT`.
    const MOST: usize = 0x7fff_f000;
    if flags & !(NONBLOCK | RANDOM | INSECURE) != 0 || flags & (RANDOM | INSECURE) == RANDOM | INSECURE {
        return Err(Errno::EINVAL);
    }
    let len = len.min(MOST);
    if len == 0 {
        return Ok(0);
    }
    if buf.0.checked_add(len).is_none_or(|end| end > layout::TASK_SIZE) {
        return Err(Errno::EFAULT);
    }
    let mut done = 0;
    let mut piece = [0u8; 256];
    while done < len {
        let n = (len - done).min(piece.len());
        let bytes = piece.get_mut(..n).unwrap_or_default();
        clock::getrandom(bytes)?;
        if user::copy_out(buf.0 + done, bytes).is_err() {
            // As much as goes in before the bad page.
            done += (done..).zip(&*bytes).take_while(|(at, byte)| user::write(buf.0 + at, *byte).is_ok()).count();
            break;
        }
        done += n;
        // Up to a page comes in one go; more may be cut short by a signal.
        if done.is_multiple_of(layout::PAGE_SIZE) && call.task.signal_pending() {
            break;
        }
    }
    if done == 0 { Err(Errno::EFAULT) } else { Ok(done) }
}

/// `membarrier(2)`: no command but the question which there are.
pub fn membarrier(_call: &mut Call<'_>, cmd: i32, flags: u32, _cpu: i32) -> Result<usize> {
    const QUERY: i32 = 0;
    if cmd == QUERY && flags == 0 { Ok(0) } else { Err(Errno::EINVAL) }
}

/// `sysfs(2)`: the kinds of file systems by name and number.
pub fn sysfs(_call: &mut Call<'_>, option: i32, a: u64, b: u64) -> Result<usize> {
    let names = || vkernel::proc::filesystems();
    match option {
        1 => {
            let wanted = user::read_path(a as usize)?;
            names().position(|n| n.as_bytes() == wanted).ok_or(Errno::EINVAL)
        }
        2 => {
            let mut name =
                usize::try_from(a).ok().and_then(|i| names().nth(i)).ok_or(Errno::EINVAL)?.as_bytes().to_vec();
            name.push(0);
            user::copy_out(b as usize, &name).map(|()| 0)
        }
        3 => Ok(names().count()),
        _ => Err(Errno::EINVAL),
    }
}
