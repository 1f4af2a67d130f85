//! The relay: the host process that stands between the user's terminal and the one that guests have (`vkernel::console`).
//!
//! The supervisor forks it when a guest asks for something: output, keys, other modes. A program that does nothing with its terminal
//! costs nothing, and one that only writes leaves the terminal in the modes it was found in. The relay takes locks of the kernel,
//! which is why it is a process of its own: should a holder be killed, it is the supervisor who must notice.
//!
//! It sleeps in `ppoll` on the terminal, and a kick (a doorbell, SIGURG) says that it was asked for something. What it cannot write yet it
//! keeps, and takes no more until it has; what the line discipline does not take it keeps, and reads no more. So a slow
//! terminal makes guests wait, and nothing is lost.
//!
//! When the main process is stopped by job control the modes go back and the supervisor stops itself, as `sudo` does, so that the
//! user's shell sees a stopped job; on SIGCONT all goes on.

use super::heap::in_arena;
use super::terminal::{self, Modes, UserTerminal};
use host::cpu;
use host::sys::process as host_process;
use host::sys::signal::DOORBELL;
use std::mem::MaybeUninit;
use std::sync::Arc;
use vkernel::console;
use vkernel::kernel::kernel;
use vkernel::signal::{self, SIGCONT, SIGTTIN, SIGTTOU, code};
use vkernel::tty::Pair;

/// How much is read at once.
const CHUNK: usize = 4096;
/// What is written at once where the descriptor may make one wait.
const CAUTIOUS: usize = 256;
/// How much is done before the terminal is asked for keys.
const TURNS: usize = 8;
/// What other processes still write once the main process has ended or stopped is not waited for beyond this.
const LAST_WORDS: usize = 1 << 20;

/// How the user's terminal is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// In its own modes; nothing is read.
    Plain,
    /// In raw mode.
    Raw,
    /// In its own modes, and nothing is written either: umlaut is stopped, or about to be.
    Stopped,
}

struct Relay {
    user: &'static UserTerminal,
    pair: Arc<Pair>,
    tty: i32,
    /// `tty` has no `O_NONBLOCK`.
    may_wait: bool,
    state: State,
    /// In raw mode: what to set back.
    modes: Option<Modes>,
    /// Guests want keys or modes: raw mode whenever umlaut is in the foreground.
    wanted: bool,
    /// Output on its way.
    out: Vec<u8>,
    /// Keys on their way.
    keys: Vec<u8>,
    readable: bool,
    /// The signal that umlaut is to be stopped by, or 0.
    stopping: u32,
    /// The main process has ended.
    ending: bool,
    /// How much more is written before the end or the stop.
    left: usize,
    /// The user's terminal was hung up.
    lost: bool,
    /// The size of its window that guests know of.
    size: [u16; 4],
}

/// Makes it. Without one, guests that use their terminal wait.
pub fn start(user: &'static UserTerminal) {
    const CLONE_FILES: u64 = 0x400;
    const SIGCHLD: u64 = 17;
    let supervisor = host_process::getpid();
    // SAFETY: a fork. This process has one thread, so the child may use libc.
    match unsafe { host_process::clone(CLONE_FILES | SIGCHLD, 0, Default::default()) } {
        Ok(0) => live(user, supervisor),
        Ok(pid) => kernel().console.relay.bind(pid as u32, pid as u32),
        Err(e) => eprintln!("umlaut: the terminal cannot be relayed: {}", e.name()),
    }
}

fn live(user: &'static UserTerminal, supervisor: u32) -> ! {
    terminal::watch_supervisor();
    let _ = host_process::set_pdeathsig(terminal::ORPHANED);
    let Some(pair) = kernel().console.pair().filter(|_| host_process::getppid() == supervisor) else {
        host_process::exit_group(0)
    };
    let thread = &kernel().console.relay;
    thread.bind(host_process::getpid(), host_process::gettid());
    // SAFETY: the kernel and what it refers to stay for ever. The doorbell, which is blocked but while this process sleeps, only
    // wakes it.
    unsafe {
        cpu::current().set_thread(Arc::as_ptr(thread));
        libc::signal(DOORBELL, wake as *const () as libc::sighandler_t);
    }
    let again = user.open_again();
    let mut relay = Relay {
        user,
        pair,
        tty: again.unwrap_or(user.fd()),
        may_wait: again.is_none(),
        state: State::Plain,
        modes: None,
        wanted: false,
        out: Vec::new(),
        keys: Vec::new(),
        readable: false,
        stopping: 0,
        ending: false,
        left: LAST_WORDS,
        lost: false,
        size: [0; 4],
    };
    loop {
        thread.prepare();
        // Output without an end does not keep keys from being seen.
        let busy = (0..TURNS).all(|_| relay.turn());
        relay.sleep(busy);
    }
}

extern "C" fn wake(_: libc::c_int) {}

impl Relay {
    /// Does what can be done at once. Whether there may be more.
    ///
    /// What is asked is looked at after output has been fetched and before it is written: what a guest asked before it wrote has
    /// been done when the user sees the text, and may answer.
    fn turn(&mut self) -> bool {
        let kept = !self.out.is_empty();
        let fetched = !kept && self.fetch();
        self.hear();
        self.write();
        let read = self.read();
        self.type_in();
        if !self.out.is_empty() {
            return false;
        }
        if self.state == State::Plain && self.wanted && !self.lost && self.user.foreground() {
            return self.begin_raw();
        }
        let over = !kept && !fetched || self.left == 0;
        if self.ending && over && self.end_raw() {
            host_process::exit_group(0);
        }
        if self.stopping != 0 && over && self.end_raw() {
            // The terminal is left to the user's shell.
            self.state = State::Stopped;
            kernel().console.ask_stop(std::mem::take(&mut self.stopping));
            return false;
        }
        kept || fetched || read
    }

    /// Takes output from the guests' terminal. Whether there was any.
    fn fetch(&mut self) -> bool {
        if self.state == State::Stopped {
            return false;
        }
        let raw = self.state == State::Raw;
        let (mut bytes, raw_next) = in_arena(|| self.pair.take_output(raw));
        if raw_next && (self.lost || !self.user.foreground()) {
            // Somebody set modes that cannot be set outside.
            self.pair.control.set_away(true);
            bytes.extend(in_arena(|| self.pair.end_raw(true)).0);
        }
        if self.ending || self.stopping != 0 {
            self.left = self.left.saturating_sub(bytes.len());
        }
        let some = !bytes.is_empty();
        if !self.lost {
            self.out = bytes;
        }
        some
    }

    fn hear(&mut self) {
        let asks = kernel().console.take_asks();
        let asked = |what: u32| asks & what != 0;
        if asked(console::FLUSH) {
            self.keys.clear();
            if self.user.foreground() {
                // SAFETY: a plain call.
                unsafe { libc::tcflush(self.tty, libc::TCIFLUSH) };
            }
        }
        self.wanted |= asked(console::KEYS | console::MODES);
        if asked(console::MODES) && self.state == State::Raw && self.user.shared() {
            self.set_raw();
        }
        if asked(console::HUNG_UP) {
            self.lose();
        }
        if asked(console::RESIZED) {
            self.resize();
        }
        if asked(console::STOPPED) {
            self.main_stopped();
        }
        if asked(console::CONTINUED) {
            self.go_on();
        }
        if asked(console::FINISH) && !self.ending {
            (self.ending, self.left) = (true, LAST_WORDS);
            if self.state == State::Stopped {
                self.state = State::Plain;
            }
        }
    }

    /// Writes what the terminal takes.
    fn write(&mut self) {
        let mut done = 0;
        while done < self.out.len() && !self.lost {
            let rest = &self.out[done..];
            let piece = if self.may_wait { &rest[..rest.len().min(CAUTIOUS)] } else { rest };
            if self.may_wait && !ready(self.tty, libc::POLLOUT) {
                break;
            }
            // SAFETY: live bytes.
            let n = unsafe { libc::write(self.tty, piece.as_ptr().cast(), piece.len()) };
            match usize::try_from(n).map_err(|_| errno()) {
                Ok(n) => done += n,
                Err(libc::EINTR) => {}
                Err(libc::EAGAIN) => break,
                Err(_) => self.lose(),
            }
        }
        self.out.drain(..done.min(self.out.len()));
    }

    /// Reads keys. Whether there were any.
    fn read(&mut self) -> bool {
        if self.state != State::Raw || !self.keys.is_empty() || !std::mem::take(&mut self.readable) {
            return false;
        }
        let mut buf = [0u8; CHUNK];
        match self.read_into(&mut buf) {
            Ok(0) => self.lose(),
            Ok(n) => {
                self.keys.extend(&buf[..n]);
                // Who types after the window has changed finds it changed, however late its signal.
                self.resize();
            }
            Err(libc::EAGAIN | libc::EINTR) => return false,
            // Somebody took the terminal away.
            Err(_) if !self.user.foreground() => {
                self.left = 0;
                self.end_raw();
                self.pair.control.set_away(true);
            }
            Err(_) => self.lose(),
        }
        true
    }

    fn read_into(&self, buf: &mut [u8]) -> Result<usize, i32> {
        // SAFETY: a live buffer.
        let n = unsafe { libc::read(self.tty, buf.as_mut_ptr().cast(), buf.len()) };
        usize::try_from(n).map_err(|_| errno())
    }

    fn type_in(&mut self) {
        if !self.keys.is_empty() {
            let n = in_arena(|| self.pair.type_in(&self.keys, false));
            self.keys.drain(..n);
        }
    }

    /// Puts the user's terminal into raw mode once all that was meant for it as it is has been written. Whether it is.
    fn begin_raw(&mut self) -> bool {
        in_arena(|| self.pair.begin_raw());
        self.fetch();
        self.write();
        let Some(modes) = terminal::modes(self.tty).filter(|_| self.out.is_empty()) else { return false };
        self.pair.control.set_away(false);
        in_arena(|| self.pair.adopt(&terminal::bytes(&modes)));
        let typed_ahead = terminal::by_lines(&modes) && !self.may_wait;
        if typed_ahead {
            self.take_lines(modes.c_cc[libc::VEOF]);
        }
        terminal::owe(self.tty, Some(modes));
        self.modes = Some(modes);
        self.set_raw();
        self.state = State::Raw;
        self.readable = true;
        if typed_ahead {
            // The start of a line.
            let mut buf = [0u8; CHUNK];
            let n = self.read_into(&mut buf).unwrap_or(0);
            in_arena(|| self.pair.type_in(&buf[..n], true));
        }
        self.resize();
        true
    }

    /// Raw mode; where others write, too, with the post-processing that guests ask for.
    fn set_raw(&self) {
        if let Some(modes) = &self.modes {
            let output = if self.user.shared() { self.pair.output_flags() } else { modes.c_oflag & !libc::OPOST };
            terminal::set_modes(self.tty, &terminal::raw(modes, output));
        }
    }

    /// Lines that were typed while nobody read: the user's terminal has echoed them.
    fn take_lines(&mut self, eof: u8) {
        const MANY: usize = 64;
        let mut buf = [0u8; CHUNK];
        for _ in 0..MANY {
            let Ok(n) = self.read_into(&mut buf) else { return };
            let ended = buf[..n].last() == Some(&b'\n');
            in_arena(|| {
                self.pair.type_in(&buf[..n], true);
                if !ended {
                    self.pair.type_in(&[eof], true);
                }
            });
        }
    }

    /// Gives the user's terminal its modes back once all that was made for raw mode has been written. Whether that is so.
    fn end_raw(&mut self) -> bool {
        if self.state != State::Raw {
            return true;
        }
        let (bytes, ended) = in_arena(|| self.pair.end_raw(self.left == 0));
        self.out.extend(&bytes);
        self.write();
        if !ended {
            return false;
        }
        if let Some(modes) = self.modes.take().filter(|_| self.user.foreground()) {
            terminal::set_modes(self.tty, &modes);
        }
        terminal::owe(self.tty, None);
        self.state = State::Plain;
        true
    }

    /// The main process has stopped. Because umlaut seemed to be in the background, and is not any more? Then it goes on.
    fn main_stopped(&mut self) {
        let sig = in_arena(|| kernel().tasks.process(kernel().main_pid()).map_or(0, |main| main.group.stop_signal()));
        if (sig == SIGTTIN || sig == SIGTTOU) && self.pair.control.away() && self.user.foreground() {
            self.wanted = true;
            self.go_on();
        } else {
            (self.stopping, self.left) = (sig, LAST_WORDS);
        }
    }

    /// umlaut goes on: in the foreground or in the background, with a window of perhaps another size.
    fn go_on(&mut self) {
        let here = self.user.foreground();
        let control = self.pair.control.set_away(!here) || self.state == State::Stopped;
        self.stopping = 0;
        if self.state == State::Raw && terminal::modes(self.tty).is_some_and(|m| terminal::by_lines(&m)) {
            // Somebody has set the modes back meanwhile: they are the user's again.
            self.state = State::Plain;
            terminal::owe(self.tty, None);
        }
        if self.state == State::Stopped {
            self.state = State::Plain;
        }
        let main = kernel().main_pid();
        if here {
            if control && self.user.controlling() {
                self.pair.control.set_foreground(main);
            }
            self.resize();
            if self.wanted && self.state == State::Plain && self.out.is_empty() {
                self.begin_raw();
            }
        }
        in_arena(|| {
            for group in kernel().tasks.pgrp_members(main) {
                let _ = group.send(SIGCONT, signal::info(SIGCONT, code::SI_USER));
            }
        });
    }

    fn resize(&mut self) {
        if let Some(size) = terminal::size(self.tty).filter(|size| *size != self.size) {
            self.size = size;
            in_arena(|| {
                let _ = self.pair.set_winsize(size);
            });
        }
    }

    /// The user's terminal was hung up: so is the guests'.
    fn lose(&mut self) {
        if !std::mem::replace(&mut self.lost, true) {
            self.keys.clear();
            self.out.clear();
            in_arena(|| self.pair.lose());
        }
    }

    /// Sleeps until there is something to do; not at all if it is `busy`.
    fn sleep(&mut self, busy: bool) {
        let mut events = if self.out.is_empty() { 0 } else { libc::POLLOUT };
        if self.state == State::Raw && self.keys.is_empty() {
            events |= libc::POLLIN;
        }
        let apart = self.lost || self.state == State::Stopped;
        let mut fds = [libc::pollfd { fd: if apart { -1 } else { self.tty }, events, revents: 0 }];
        let thread = &kernel().console.relay;
        thread.in_host_call(|_| {
            let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let limit = if busy || thread.kicked() { &raw const now } else { std::ptr::null() };
            let mut mask = MaybeUninit::uninit();
            // SAFETY: the mask is filled in before it is used; a live array of one; null or a live time.
            unsafe {
                libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
                libc::sigdelset(mask.as_mut_ptr(), DOORBELL);
                libc::ppoll(fds.as_mut_ptr(), 1, limit, mask.as_ptr());
            }
        });
        let gone = fds[0].revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0;
        self.readable |= gone || fds[0].revents & libc::POLLIN != 0;
        if gone && (self.state != State::Raw || !self.keys.is_empty()) {
            self.lose();
        }
    }
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Whether a descriptor is, at once.
fn ready(fd: i32, events: libc::c_short) -> bool {
    let mut fds = [libc::pollfd { fd, events, revents: 0 }];
    // SAFETY: a live array of one.
    unsafe { libc::poll(fds.as_mut_ptr(), 1, 0) > 0 }
}
