//! Clocks, sleeping and interval timers (Linux's `kernel/time/`).
//!
//! The host's clocks are the guest's. Guest processes are host processes, so the processor-time clocks and the timers
//! on them are the host's as well: its SIGVTALRM and SIGPROF become the guest's signals. Sleeps are this kernel's own, in
//! `Task::wait_for`, as are the real timer's dates (`vkernel::timer::real`). Left out: setting clocks, clocks behind descriptors.

use crate::dispatch::Call;
use crate::table::Ptr;
use host::abi::{Itimerval, Timespec, Timeval, Tms};
use host::sys::{clock, process};
use host::time::Deadline;
use host::{Errno, Result, user};
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::task::{ThreadGroup, Usage, Wait};
use vkernel::timer::{Setting, TimerClock};

const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;
const PROCESS_CPUTIME: i32 = 2;
const THREAD_CPUTIME: i32 = 3;
const BOOTTIME: i32 = 7;
const REALTIME_ALARM: i32 = 8;
const BOOTTIME_ALARM: i32 = 9;
const TAI: i32 = 11;
const TIMER_ABSTIME: u32 = 1;
/// `CAP_WAKE_ALARM`.
pub(super) const WAKE_ALARM: fs_emu::cred::Caps = fs_emu::cred::Caps::from_bits_retain(1 << 35);

/// A clock as the guest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// One of the machine's.
    Machine(u32),
    /// The processor time of this process, or another one's: in host terms, and what it used in host processes `before`, in
    /// nanoseconds.
    Process { host: u32, before: u64, own: bool },
    /// All that a process used which nobody has waited for yet, in nanoseconds.
    Ended(u64),
    /// The processor time of a thread, in host terms.
    Thread { host: u32, own: bool },
}

/// Finds the clock. `EINVAL` for what there is not.
fn find(task: &Task, id: i32) -> Result<Clock> {
    match id {
        PROCESS_CPUTIME => Ok(Clock::Process { host: id as u32, before: used_before(&task.group), own: true }),
        THREAD_CPUTIME => Ok(Clock::Thread { host: id as u32, own: true }),
        0..=9 | TAI => Ok(Clock::Machine(id as u32)),
        ..0 => find_cpu_clock(task, id),
        _ => Err(Errno::EINVAL),
    }
}

fn used_before(group: &ThreadGroup) -> u64 {
    group.own_usage.lock().cpu_ns()
}

/// A negative id: the complement of a process or thread id, a bit that says which, and the kind of time.
fn find_cpu_clock(task: &Task, id: i32) -> Result<Clock> {
    const PER_THREAD: i32 = 4;
    const KIND: i32 = 3;
    if id & KIND == KIND {
        // Behind a descriptor, or of no known kind.
        return Err(Errno::EINVAL);
    }
    let pid = !(id >> 3) as u32;
    let host_id = |host: u32| (!host << 3) | (id & 7) as u32;
    if id & PER_THREAD != 0 {
        let own = pid == 0 || pid == task.tid();
        if own {
            return Ok(Clock::Thread { host: host_id(0), own });
        }
        let other = kernel().tasks.task(pid).filter(|t| t.tgid() == task.tgid() && !t.thread.is_dead());
        let other = other.ok_or(Errno::EINVAL)?;
        return Ok(Clock::Thread { host: host_id(other.thread.host_tid()), own });
    }
    if pid == 0 || pid == task.tgid() || pid == task.tid() {
        return Ok(Clock::Process { host: host_id(0), before: used_before(&task.group), own: true });
    }
    let group = kernel().tasks.process(pid).ok_or(Errno::EINVAL)?.group;
    // Before it is known to live: at the end it becomes all that was used.
    let before = used_before(&group);
    if kernel().tasks.process(pid).is_none_or(|p| p.zombie) {
        return Ok(Clock::Ended(used_before(&group)));
    }
    let thread = group.threads().first().cloned().ok_or(Errno::EINVAL)?;
    Ok(Clock::Process { host: host_id(thread.thread.host_pid()), before, own: false })
}

/// What a timer on this clock counts on. `EOPNOTSUPP` for those that only tell the time.
pub(super) fn for_timer(task: &Task, id: i32) -> Result<TimerClock> {
    const MONOTONIC_RAW: i32 = 4;
    match find(task, id)? {
        Clock::Machine(_) if (MONOTONIC_RAW..BOOTTIME).contains(&id) => Err(Errno::EOPNOTSUPP),
        Clock::Machine(host) => Ok(TimerClock::Machine(host)),
        Clock::Process { host, before, own: false } => Ok(TimerClock::Cpu(host, before)),
        Clock::Ended(_) => Err(Errno::EINVAL),
        // Of the process, for the timekeeper can't see a thread's.
        Clock::Process { .. } | Clock::Thread { .. } => {
            let host = !task.thread.host_pid() << 3 | PROCESS_CPUTIME as u32;
            Ok(TimerClock::Cpu(host, used_before(&task.group)))
        }
    }
}

/// The alarm clocks need a device and a right.
pub(super) fn check_alarm(task: &Task, id: i32) -> Result<()> {
    if matches!(id, REALTIME_ALARM | BOOTTIME_ALARM) && !task.cred().capable(WAKE_ALARM) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

fn read(which: Clock) -> Result<Timespec> {
    match which {
        Clock::Machine(id) | Clock::Thread { host: id, .. } => clock::gettime(id),
        Clock::Process { host, before, .. } => {
            Ok(Timespec::from_nanos(clock::gettime(host)?.as_nanos().saturating_add(before)))
        }
        Clock::Ended(used) => Ok(Timespec::from_nanos(used)),
    }
}

/// `clock_gettime(2)`.
pub fn clock_gettime(call: &mut Call<'_>, id: i32, time: Ptr) -> Result<usize> {
    let now = find(call.task, id).and_then(read)?;
    user::write(time.0, &now).map(|()| 0)
}

/// `clock_getres(2)`.
pub fn clock_getres(call: &mut Call<'_>, id: i32, res: Ptr) -> Result<usize> {
    let host = match find(call.task, id)? {
        Clock::Machine(host) | Clock::Process { host, .. } | Clock::Thread { host, .. } => host,
        Clock::Ended(_) => PROCESS_CPUTIME as u32,
    };
    user::write_opt(res.0, &clock::getres(host)?).map(|()| 0)
}

/// `clock_settime(2)`: nobody may.
pub fn clock_settime(call: &mut Call<'_>, id: i32, time: Ptr) -> Result<usize> {
    if !(id == REALTIME || id < 0) {
        return Err(Errno::EINVAL);
    }
    let new: Timespec = user::read(time.0)?;
    if id < 0 {
        find(call.task, id)?;
    } else if !new.is_valid() {
        return Err(Errno::EINVAL);
    }
    Err(Errno::EPERM)
}

/// `gettimeofday(2)`.
pub fn gettimeofday(_call: &mut Call<'_>, tv: Ptr, tz: Ptr) -> Result<usize> {
    let now = host::time::realtime();
    user::write_opt(tv.0, &Timeval { sec: now.sec, usec: now.nsec / 1000 })?;
    // The kernel's time zone: nobody has set one.
    user::write_opt(tz.0, &[0i32; 2]).map(|()| 0)
}

/// `time(2)`.
pub fn time(_call: &mut Call<'_>, tloc: Ptr) -> Result<usize> {
    let now = host::time::coarse().sec;
    user::write_opt(tloc.0, &now)?;
    Ok(now as usize)
}

/// `times(2)`, in hundredths of a second.
pub fn times(call: &mut Call<'_>, buf: Ptr) -> Result<usize> {
    let ticks = |us: u64| (us / 10_000) as i64;
    if buf.0 != 0 {
        let (own, children) = (own_usage(call.task)?, *call.task.group.children_usage.lock());
        let out = Tms {
            utime: ticks(own.utime_us),
            stime: ticks(own.stime_us),
            cutime: ticks(children.utime_us),
            cstime: ticks(children.stime_us),
        };
        user::write(buf.0, &out)?;
    }
    Ok((host::time::monotonic().as_nanos() / 10_000_000) as usize)
}

/// What the process has used so far: in this host process, and in those it has moved from.
pub(super) fn own_usage(task: &Task) -> Result<Usage> {
    let mut usage = Usage::from_host(&process::getrusage(0)?);
    usage.add(&task.group.own_usage.lock());
    Ok(usage)
}

/// `nanosleep(2)`.
pub fn nanosleep(call: &mut Call<'_>, req: Ptr, rem: Ptr) -> Result<usize> {
    let span: Timespec = user::read(req.0)?;
    if !span.is_valid() {
        return Err(Errno::EINVAL);
    }
    sleep_for(call, span, rem)
}

/// `clock_nanosleep(2)`.
pub fn clock_nanosleep(call: &mut Call<'_>, id: i32, flags: u32, req: Ptr, rem: Ptr) -> Result<usize> {
    match id {
        REALTIME | MONOTONIC | PROCESS_CPUTIME | BOOTTIME | TAI => {}
        // No real-time clock to wake the machine with.
        REALTIME_ALARM | BOOTTIME_ALARM if clock::getres(id as u32).is_err() => return Err(Errno::EOPNOTSUPP),
        REALTIME_ALARM | BOOTTIME_ALARM => {}
        THREAD_CPUTIME..=6 => return Err(Errno::EOPNOTSUPP),
        ..0 if id & 7 == 3 => return Err(Errno::EOPNOTSUPP),
        ..0 => {}
        _ => return Err(Errno::EINVAL),
    }
    let time: Timespec = user::read(req.0)?;
    if !time.is_valid() {
        return Err(Errno::EINVAL);
    }
    if matches!(id, REALTIME_ALARM | BOOTTIME_ALARM) {
        if flags & !TIMER_ABSTIME != 0 {
            return Err(Errno::EINVAL);
        }
        if !call.task.cred().capable(WAKE_ALARM) {
            return Err(Errno::EPERM);
        }
    }
    let absolute = flags & TIMER_ABSTIME != 0;
    if id == PROCESS_CPUTIME || id < 0 {
        return sleep_on_cpu(call.task, find(call.task, id)?, absolute, time);
    }
    if absolute { sleep_until(call.task, id as u32, time) } else { sleep_for(call, time, rem) }
}

/// A relative sleep counts on the monotonic clock, whatever clock it names.
fn sleep_for(call: &mut Call<'_>, span: Timespec, rem: Ptr) -> Result<usize> {
    let task = call.task;
    let deadline = task.deadline_for(call.nr, span);
    match sleep(task, deadline) {
        Err(Errno::EINTR) => {
            if let Some(d) = deadline {
                let left = d.left();
                if left == Timespec::default() {
                    return Ok(0);
                }
                user::write_opt(rem.0, &left)?;
            }
            task.keep_deadline(call.nr, deadline);
            Err(Errno::EINTR)
        }
        done => done,
    }
}

fn sleep_until(task: &Task, id: u32, at: Timespec) -> Result<usize> {
    let deadline = match id as i32 {
        REALTIME | MONOTONIC => Some(Deadline { clock: id, at }),
        // The other clocks run at the pace of the monotonic one.
        _ => Deadline::after(at.saturating_sub(clock::gettime(id)?)),
    };
    sleep(task, deadline)
}

fn sleep(task: &Task, deadline: Option<Deadline>) -> Result<usize> {
    match task.wait_for(deadline, |_| None::<()>) {
        Wait::TimedOut | Wait::Ready(()) => Ok(0),
        Wait::Interrupted => Err(Errno::EINTR),
    }
}

/// Sleeps until a processor-time clock has got so far. Looked at about as often as Linux's tick does.
fn sleep_on_cpu(task: &Task, which: Clock, absolute: bool, time: Timespec) -> Result<usize> {
    const TICK: Timespec = Timespec { sec: 0, nsec: 4_000_000 };
    if matches!(which, Clock::Thread { own: true, .. } | Clock::Ended(_)) {
        return Err(Errno::EINVAL);
    }
    let target = if absolute { Some(time) } else { read(which)?.checked_add(time) };
    while target.is_none_or(|t| read(which).is_ok_and(|now| now < t)) {
        sleep(task, Deadline::after(TICK))?;
    }
    Ok(0)
}

const ITIMER_REAL: u32 = 0;

/// As the ABI has it. `EINVAL` for what is no time.
fn timer_setting(raw: &Itimerval) -> Result<Setting> {
    let times = raw.interval.to_timespec().zip(raw.value.to_timespec());
    times.and_then(|(interval, value)| Setting::from_raw([interval, value])).ok_or(Errno::EINVAL)
}

/// The other way round.
fn timer_value(setting: Setting) -> Itimerval {
    Itimerval {
        interval: Timeval::from_micros(setting.interval / 1000),
        value: Timeval::from_micros(setting.value / 1000),
    }
}

/// `getitimer(2)`.
pub fn getitimer(call: &mut Call<'_>, which: u32, value: Ptr) -> Result<usize> {
    let now = match which {
        ITIMER_REAL => timer_value(call.task.group.real_timer()),
        _ => process::getitimer(which)?,
    };
    user::write(value.0, &now).map(|()| 0)
}

/// `setitimer(2)`.
pub fn setitimer(call: &mut Call<'_>, which: u32, new: Ptr, old: Ptr) -> Result<usize> {
    // NULL stops the timer, as Linux has always had it.
    let value = user::read_opt::<Itimerval>(new.0)?.unwrap_or_default();
    let before = match which {
        ITIMER_REAL => timer_value(call.task.group.set_real_timer(timer_setting(&value)?)),
        _ => process::setitimer(which, &value)?,
    };
    user::write_opt(old.0, &before).map(|()| 0)
}

/// `alarm(2)`: answers the seconds that were left, rounded, but never down to 0.
pub fn alarm(call: &mut Call<'_>, seconds: u32) -> Result<usize> {
    const SECOND: u64 = 1_000_000_000;
    let new = Setting { interval: 0, value: u64::from(seconds) * SECOND };
    let left = call.task.group.set_real_timer(new).value;
    let rounded = left.saturating_add(SECOND / 2) / SECOND;
    Ok(rounded.max(u64::from(left > 0)) as usize)
}
