//! Waiting for descriptors: `poll`, `ppoll`, `select`, `pselect6` (`fs/select.c`).
//!
//! All four end in [`wait`], which sleeps on virtual queues and host descriptors at once. Left out: `epoll` (a family of
//! its own), busy polling.

use super::rw;
use crate::dispatch::Call;
use crate::table::Ptr;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::SeqCst;
use fs_emu::file::Events;
use host::abi::{PollFd, Timespec, Timeval};
use host::time::Deadline;
use host::wait::PollTable;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::files::FileTable;
use vkernel::files::io::{self, InUse};
use vkernel::signal::SigSet;
use vkernel::task::{Wait, limits};

/// Until when a call waits.
#[derive(Clone, Copy)]
enum Until {
    /// Only looks.
    Now,
    /// A point in time.
    Deadline(Deadline),
    /// For ever.
    Never,
}

impl Until {
    /// `None` waits for ever, as does a time beyond what the clock can say.
    fn after(span: Option<Timespec>) -> Until {
        match span {
            None => Until::Never,
            Some(t) if t == Timespec::default() => Until::Now,
            Some(t) => Deadline::after(t).map_or(Until::Never, Until::Deadline),
        }
    }
}

/// One descriptor that is watched.
struct Watched<'t> {
    /// `None`: it is not open.
    file: Option<InUse<'t>>,
    /// What to wait for.
    want: Events,
    /// What counts as ready.
    counts: Events,
    got: Events,
}

impl Watched<'_> {
    /// Looks once.
    fn look(&mut self, table: Option<&mut PollTable>) -> bool {
        self.got = match self.file.as_ref().map(InUse::get) {
            Some(Ok(file)) => io::poll(&file, self.want, table) & self.counts,
            _ => Events::NVAL,
        };
        !self.got.is_empty()
    }
}

fn watch<'t>(task: &'t Task, files: &FileTable, fd: i32, want: Events, counts: Events) -> Watched<'t> {
    let file = files.get(fd).ok().filter(|f| !f.is_path_only());
    Watched { file: file.map(|f| InUse::new(task, f)), want, counts, got: Events::empty() }
}

fn look_at_all(all: &mut [Watched<'_>], mut table: Option<&mut PollTable>) -> usize {
    all.iter_mut().map(|w| usize::from(w.look(table.as_deref_mut()))).sum()
}

/// Waits until something is ready: how many are, 0 when the time is up.
fn wait(task: &Task, all: &mut [Watched<'_>], until: Until) -> Result<usize> {
    let ready = look_at_all(all, None);
    if ready > 0 {
        return Ok(ready);
    }
    let deadline = match until {
        Until::Now if task.signal_pending() => return Err(Errno::EINTR),
        Until::Now => return Ok(0),
        Until::Deadline(deadline) => Some(deadline),
        Until::Never => None,
    };
    all.iter_mut().filter_map(|w| w.file.as_mut()).for_each(InUse::park);
    let slept = task.wait_for(deadline, |table| match look_at_all(all, table) {
        0 => None,
        n => Some(n),
    });
    match slept {
        Wait::Ready(n) => Ok(n),
        Wait::TimedOut => Ok(0),
        Wait::Interrupted => Err(Errno::EINTR),
    }
}

/// `poll(2)`. Made again after a signal without a handler, it keeps its first deadline.
pub fn poll(call: &mut Call<'_>, fds: Ptr, nfds: usize, timeout: i32) -> Result<usize> {
    let until = match u64::try_from(timeout) {
        Err(_) => Until::Never,
        Ok(0) => Until::Now,
        Ok(ms) => {
            let span = Timespec::from_nanos(ms * 1_000_000);
            call.task.deadline_for(call.nr, span).map_or(Until::Never, Until::Deadline)
        }
    };
    let result = poll_fds(call, fds, nfds, until);
    if let (Err(Errno::EINTR), Until::Deadline(deadline)) = (&result, until) {
        call.task.keep_deadline(call.nr, Some(deadline));
    }
    result
}

/// `ppoll(2)`.
pub fn ppoll(call: &mut Call<'_>, fds: Ptr, nfds: usize, timeout: Ptr, mask: Ptr, size: usize) -> Result<usize> {
    let span = timespec(timeout)?;
    swap_mask(call.task, mask.0, size)?;
    let until = Until::after(span);
    let result = poll_fds(call, fds, nfds, until);
    finish(call.task, until, result, |left| user::write(timeout.0, &left))
}

fn poll_fds(call: &Call<'_>, fds: Ptr, nfds: usize, until: Until) -> Result<usize> {
    const REVENTS: usize = 6;
    // Linux takes the number as 32 bits.
    let nfds = nfds as u32;
    if u64::from(nfds) > call.task.group.rlimit(limits::NOFILE).cur {
        return Err(Errno::EINVAL);
    }
    let list: Vec<PollFd> = user::read_array(fds.0, nfds as usize)?;
    let files = rw::table(call)?;
    let chosen = list.iter().filter(|p| p.fd >= 0);
    let watched = |p: &PollFd| {
        let want = Events::from_bits_retain(p.events as u16);
        watch(call.task, &files, p.fd, want, want | Events::ERR | Events::HUP)
    };
    let mut all: Vec<Watched<'_>> = chosen.map(watched).collect();
    let result = wait(call.task, &mut all, until);
    let mut got = all.iter().map(|w| w.got.bits());
    for (i, p) in list.iter().enumerate() {
        let revents = if p.fd >= 0 { got.next().unwrap_or(0) } else { 0 };
        user::write(fds.0 + i * size_of::<PollFd>() + REVENTS, &revents)?;
    }
    result
}

/// `select(2)`.
pub fn select(
    call: &mut Call<'_>,
    nfds: i32,
    readfds: Ptr,
    writefds: Ptr,
    exceptfds: Ptr,
    timeout: Ptr,
) -> Result<usize> {
    let span = match user::read_opt::<Timeval>(timeout.0)? {
        None => None,
        // More than a million microseconds are well.
        Some(t) => {
            let sec = t.sec.checked_add(t.usec / 1_000_000).ok_or(Errno::EINVAL)?;
            Some(valid(Timespec { sec, nsec: t.usec % 1_000_000 * 1000 })?)
        }
    };
    let until = Until::after(span);
    let result = select_fds(call, nfds, [readfds, writefds, exceptfds], until);
    finish(call.task, until, result, |left| user::write(timeout.0, &Timeval { sec: left.sec, usec: left.nsec / 1000 }))
}

/// `pselect6(2)`: the sixth argument points to the mask's address and size.
pub fn pselect6(
    call: &mut Call<'_>,
    nfds: i32,
    readfds: Ptr,
    writefds: Ptr,
    exceptfds: Ptr,
    timeout: Ptr,
    mask: Ptr,
) -> Result<usize> {
    let [mask, size] = user::read_opt::<[usize; 2]>(mask.0)?.unwrap_or_default();
    let span = timespec(timeout)?;
    swap_mask(call.task, mask, size)?;
    let until = Until::after(span);
    let result = select_fds(call, nfds, [readfds, writefds, exceptfds], until);
    finish(call.task, until, result, |left| user::write(timeout.0, &left))
}

/// What each of the three sets asks for, and what counts as an answer.
const SETS: [(Events, Events); 3] = {
    let (input, output) = (Events::IN.union(Events::RDNORM).union(Events::RDBAND), Events::OUT);
    let output = output.union(Events::WRNORM).union(Events::WRBAND);
    [
        (input, input.union(Events::HUP).union(Events::ERR)),
        (output, output.union(Events::ERR)),
        (Events::PRI, Events::PRI),
    ]
};

/// One descriptor set per argument, as words.
type Sets = [Vec<u64>; 3];

fn has(set: &[u64], fd: usize) -> bool {
    set.get(fd / 64).is_some_and(|word| word >> (fd % 64) & 1 != 0)
}

fn select_fds(call: &Call<'_>, nfds: i32, sets: [Ptr; 3], until: Until) -> Result<usize> {
    let nfds = usize::try_from(nfds).map_err(|_| Errno::EINVAL)?;
    let files = rw::table(call)?;
    let nfds = nfds.min(files.capacity());
    let words = nfds.div_ceil(64);
    let mut asked = Sets::default();
    for (set, at) in asked.iter_mut().zip(sets) {
        *set = if at.0 == 0 { Vec::new() } else { user::read_array(at.0, words)? };
    }
    let (numbers, mut all) = selected(call.task, &files, &asked, nfds)?;
    wait(call.task, &mut all, until)?;
    let (count, answers) = answer(&asked, &numbers, &all, words);
    for (answer, at) in answers.iter().zip(sets).filter(|(_, at)| at.0 != 0) {
        for (i, word) in answer.iter().enumerate() {
            user::write(at.0 + i * size_of::<u64>(), word)?;
        }
    }
    Ok(count)
}

/// The descriptors that are in any set. `EBADF` when one is not open.
fn selected<'t>(
    task: &'t Task,
    files: &FileTable,
    asked: &Sets,
    nfds: usize,
) -> Result<(Vec<usize>, Vec<Watched<'t>>)> {
    let (mut numbers, mut all) = (Vec::new(), Vec::new());
    for fd in 0..nfds {
        let (mut want, mut counts) = (Events::empty(), Events::empty());
        for (_, events) in asked.iter().zip(&SETS).filter(|(set, _)| has(set, fd)) {
            want |= events.0;
            counts |= events.1;
        }
        if want.is_empty() {
            continue;
        }
        let watched = watch(task, files, fd as i32, want, counts);
        if watched.file.is_none() {
            return Err(Errno::EBADF);
        }
        numbers.push(fd);
        all.push(watched);
    }
    Ok((numbers, all))
}

/// The sets to give back, and the number of bits in them.
fn answer(asked: &Sets, numbers: &[usize], all: &[Watched<'_>], words: usize) -> (usize, Sets) {
    let mut count = 0;
    let mut answers: Sets = core::array::from_fn(|_| vec![0; words]);
    for (fd, watched) in numbers.iter().zip(all) {
        for ((asked, answer), (_, counts)) in asked.iter().zip(&mut answers).zip(&SETS) {
            if let Some(word) = answer.get_mut(fd / 64).filter(|_| has(asked, *fd) && watched.got.intersects(*counts)) {
                count += 1;
                *word |= 1 << (fd % 64);
            }
        }
    }
    (count, answers)
}

fn valid(t: Timespec) -> Result<Timespec> {
    if t.is_valid() { Ok(t) } else { Err(Errno::EINVAL) }
}

pub(super) fn timespec(at: Ptr) -> Result<Option<Timespec>> {
    user::read_opt::<Timespec>(at.0)?.map(valid).transpose()
}

/// The mask for the duration of the call.
pub(super) fn swap_mask(task: &Task, mask: usize, size: usize) -> Result<()> {
    if mask == 0 {
        return Ok(());
    }
    if size != size_of::<u64>() {
        return Err(Errno::EINVAL);
    }
    task.suspend_mask(SigSet(user::read(mask)?));
    Ok(())
}

/// Puts the mask back unless a handler is to run under it, and tells the time that was left.
fn finish(
    task: &Task,
    until: Until,
    result: Result<usize>,
    tell: impl FnOnce(Timespec) -> Result<()>,
) -> Result<usize> {
    if result != Err(Errno::EINTR) {
        task.restore_saved_mask();
    }
    const STICKY_TIMEOUTS: u32 = 0x400_0000;
    let sticky = task.group.persona.load(SeqCst) & STICKY_TIMEOUTS != 0;
    if let (Until::Deadline(deadline), false) = (until, sticky) {
        // Linux, too, lets a timeout in read-only memory be.
        let _ = tell(deadline.left());
    }
    result
}
