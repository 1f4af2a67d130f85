//! The user's terminal: which it is, its modes, and that it gets them back.
//!
//! Guests have a virtual terminal in its place (`vkernel::console`). The relay puts the user's into raw mode, and sets it back when it
//! stops or ends; if the supervisor is killed, the host sends the relay a signal whose handler does so. Should the relay itself be
//! killed, the supervisor does, with the modes it found at the start. Nothing is set from the background, where the terminal is
//! somebody else's.

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

/// The terminal of this sandbox, if there is one.
static FOUND: OnceLock<UserTerminal> = OnceLock::new();
/// What is to be set back if this process must go at once.
static OWED: AtomicPtr<Owed> = AtomicPtr::new(null_mut());
/// What the host sends the relay when the supervisor dies. Nobody else has a use for it.
pub const ORPHANED: i32 = libc::SIGPWR;

/// A terminal's modes, as `TCGETS2` has them.
pub type Modes = libc::termios2;

struct Owed {
    fd: i32,
    modes: Modes,
}

/// The terminal that umlaut was started on.
pub struct UserTerminal {
    /// One of the standard descriptors.
    fd: i32,
    /// Its number on the host: that of the terminal itself, even if it was opened as `/dev/tty`.
    device: u32,
    /// Whether it is umlaut's controlling terminal. Otherwise nobody is in its foreground, as far as umlaut can know.
    controlling: bool,
    /// Standard output goes elsewhere: perhaps to somebody who writes to this terminal.
    shared: bool,
    /// As it was found.
    modes: Modes,
}

/// The terminal of this sandbox.
pub fn found() -> Option<&'static UserTerminal> {
    FOUND.get()
}

/// Looks for it among the standard descriptors: the controlling terminal, or else the first there is.
pub fn find(descriptors: &[i32]) -> Option<&'static UserTerminal> {
    let mut all: Vec<UserTerminal> = Vec::new();
    for &fd in descriptors.iter().filter(|fd| **fd < 3) {
        if let Some(device) = device(fd)
            && !all.iter().any(|known| known.device == device)
        {
            // SAFETY: a plain call.
            let controlling = unsafe { libc::tcgetpgrp(fd) } >= 0;
            all.extend(modes(fd).map(|modes| UserTerminal { fd, device, controlling, shared: true, modes }));
        }
    }
    let best = all.iter().position(|t| t.controlling).unwrap_or(0);
    if let Some(found) = all.get_mut(best) {
        found.shared = !found.is(1);
    }
    (best < all.len()).then(|| FOUND.get_or_init(|| all.swap_remove(best)))
}

/// The number of the terminal behind a descriptor; `None` for what is none, or the master of one.
fn device(fd: i32) -> Option<u32> {
    const TIOCGDEV: libc::c_ulong = 0x8004_5432;
    const PTMX: u64 = host::abi::dev_join(5, 2);
    const MEMORY: u32 = 1;
    let meta = host::sys::fd::fstat(fd).ok()?;
    if meta.mode & libc::S_IFMT != libc::S_IFCHR || meta.rdev == PTMX || host::abi::dev_split(meta.rdev).0 == MEMORY {
        return None;
    }
    let mut number = 0u32;
    // SAFETY: writes one word, if it is a terminal.
    (unsafe { libc::ioctl(fd, TIOCGDEV, &mut number) } == 0).then_some(number)
}

/// The modes of a terminal; `None` for what is none, or is gone.
pub fn modes(fd: i32) -> Option<Modes> {
    let mut modes = MaybeUninit::uninit();
    // SAFETY: filled in by the call if it succeeds.
    unsafe { (libc::ioctl(fd, libc::TCGETS2, modes.as_mut_ptr()) == 0).then(|| modes.assume_init()) }
}

/// Sets them at once. SIGTTOU is ignored, so it works from everywhere.
pub fn set_modes(fd: i32, modes: &Modes) {
    // SAFETY: reads live modes.
    while unsafe { libc::ioctl(fd, libc::TCSETS2, modes) } != 0 {
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return;
        }
    }
}

/// Every byte as it is (`cfmakeraw`); output as `output` says.
pub fn raw(modes: &Modes, output: u32) -> Modes {
    let mut raw = *modes;
    let input = libc::IGNBRK | libc::BRKINT | libc::PARMRK | libc::ISTRIP | libc::INLCR | libc::IGNCR | libc::ICRNL;
    raw.c_iflag &= !(input | libc::IUCLC | libc::IXON);
    raw.c_oflag = output;
    raw.c_lflag &= !(libc::ECHO | libc::ECHONL | libc::ICANON | libc::ISIG | libc::IEXTEN);
    raw.c_cc[libc::VMIN] = 1;
    raw.c_cc[libc::VTIME] = 0;
    raw
}

/// Whether it reads line by line.
pub fn by_lines(modes: &Modes) -> bool {
    modes.c_lflag & libc::ICANON != 0
}

/// The bytes, as the kernel inside reads them.
pub fn bytes(m: &Modes) -> [u8; 44] {
    let mut out = [0; 44];
    let words = [m.c_iflag, m.c_oflag, m.c_cflag, m.c_lflag];
    for (at, word) in words.iter().enumerate() {
        out[at * 4..at * 4 + 4].copy_from_slice(&word.to_ne_bytes());
    }
    out[16] = m.c_line;
    out[17..36].copy_from_slice(&m.c_cc);
    out[36..40].copy_from_slice(&m.c_ispeed.to_ne_bytes());
    out[40..44].copy_from_slice(&m.c_ospeed.to_ne_bytes());
    out
}

/// The size of its window.
pub fn size(fd: i32) -> Option<[u16; 4]> {
    let mut size = [0u16; 4];
    // SAFETY: writes four half words.
    (unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) } == 0).then_some(size)
}

impl UserTerminal {
    /// Whether a descriptor is this terminal.
    pub fn is(&self, fd: i32) -> bool {
        device(fd) == Some(self.device)
    }

    /// One of the descriptors that it was found at.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// N, if it is `/dev/pts/N` on the host.
    pub fn pts(&self) -> Option<u32> {
        let (major, minor) = (self.device >> 8 & 0xfff, self.device & 0xff | self.device >> 12 & 0xfff00);
        (136..144).contains(&major).then(|| (major - 136) << 8 | minor)
    }

    /// Whether others may be writing to it, too.
    pub fn shared(&self) -> bool {
        self.shared
    }

    /// Whether it is umlaut's controlling terminal.
    pub fn controlling(&self) -> bool {
        self.controlling
    }

    /// The modes that it was found with.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Whether it is umlaut's just now.
    pub fn foreground(&self) -> bool {
        // SAFETY: plain calls.
        !self.controlling || unsafe { libc::tcgetpgrp(self.fd) == libc::getpgrp() }
    }

    /// A descriptor with flags of its own, so that nobody outside finds `O_NONBLOCK` on his; `None` where the host does not let
    /// us open it again.
    pub fn open_again(&self) -> Option<i32> {
        let name = if self.controlling { "/dev/tty".to_string() } else { format!("/proc/self/fd/{}", self.fd) };
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        let file = File::options().read(true).write(true).custom_flags(flags).open(name).ok()?;
        Some(file.into_raw_fd())
    }

    /// For the supervisor, if it finds that the relay was killed.
    pub fn set_back(&self) {
        if self.foreground() {
            set_modes(self.fd, &self.modes);
        }
    }
}

/// Whether a stop by job control can do something to umlaut: somebody of its session, outside of its process group, will
/// set it going again (as far as can be seen from its ancestors).
pub fn supervised() -> bool {
    // SAFETY: plain calls. A process that is gone has neither.
    let of = |pid| unsafe { (libc::getsid(pid), libc::getpgid(pid)) };
    let (session, group) = of(0);
    let mut pid = std::os::unix::process::parent_id() as i32;
    while pid > 1 && of(pid) == (session, group) {
        pid = parent_of(pid);
    }
    pid > 1 && of(pid).0 == session
}

fn parent_of(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
    after.unwrap_or(0)
}

/// In the relay: from here on, `modes` are set if the supervisor dies; `None` for nothing any more.
pub fn owe(fd: i32, modes: Option<Modes>) {
    let new = modes.map_or(null_mut(), |modes| Box::into_raw(Box::new(Owed { fd, modes })));
    let old = OWED.swap(new, SeqCst);
    if !old.is_null() {
        // SAFETY: made above; the handler, which alone uses it besides, does not come back.
        drop(unsafe { Box::from_raw(old) });
    }
}

/// In the relay: takes notice of the supervisor's death.
pub fn watch_supervisor() {
    // SAFETY: the handler allocates nothing and takes no lock.
    unsafe { libc::signal(ORPHANED, orphaned as *const () as libc::sighandler_t) };
}

extern "C" fn orphaned(_: libc::c_int) {
    // SAFETY: null, or what `owe` has put there, which nobody frees while this handler runs.
    let owed = unsafe { OWED.load(SeqCst).as_ref() };
    if let Some(owed) = owed.filter(|_| found().is_some_and(UserTerminal::foreground)) {
        set_modes(owed.fd, &owed.modes);
    }
    host::sys::process::exit_group(0)
}
