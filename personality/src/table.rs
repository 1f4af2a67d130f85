//! The table of system calls: number, name, typed arguments, support, restart rule, handler, one row each.
//!
//! Dispatch, the tracer's decoding and the coverage page come from here. `full` means everything that `man 2` says of it that
//! makes sense without devices; `part "what is missing"` says what is not there, and answers that with Linux's errno.
//! A number without a row answers `ENOSYS`.

use crate::dispatch::Call;
use crate::sys::*;
use host::Result;

/// How much of a call is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All of it.
    Full,
    /// Not what the text names.
    Part(&'static str),
    /// Known, and refused: the errno is what a kernel without it (or a caller without the right) gets.
    Refused(&'static str),
}

/// What becomes of the call when a signal interrupts it (`signal(7)`, "Interruption of system calls").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Restarts {
    /// `EINTR`, always.
    Never = 0,
    /// Made again after a handler with `SA_RESTART`, and when no handler ran.
    Sys = 1,
    /// Made again only when no handler ran.
    NoHandler = 2,
    /// Always made again.
    Always = 3,
}

/// How the tracer shows an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Int,
    Hex,
    Fd,
    Path,
    Signal,
}

/// A typed argument: how it is cut from its register, and how it is shown.
pub trait Arg {
    /// For the tracer.
    const KIND: Kind;
    /// From the register.
    fn of(reg: u64) -> Self;
}

macro_rules! args {
    ($($t:ty: $kind:ident),* $(,)?) => { $(
        impl Arg for $t {
            const KIND: Kind = Kind::$kind;
            fn of(reg: u64) -> Self { reg as $t }
        }
    )* };
}

args! { i32: Int, u32: Int, i64: Int, u64: Hex, usize: Int }

macro_rules! wrapped {
    ($($(#[$m:meta])* $name:ident($t:ty): $kind:ident),* $(,)?) => { $(
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub $t);
        impl Arg for $name {
            const KIND: Kind = Kind::$kind;
            fn of(reg: u64) -> Self { $name(reg as $t) }
        }
    )* };
}

wrapped! {
    /// A descriptor, or `AT_FDCWD`.
    Fd(i32): Fd,
    /// The address of a path.
    PathPtr(usize): Path,
    /// Any other guest address.
    Ptr(usize): Hex,
    /// A signal number.
    Sig(i32): Signal,
}

/// One row.
pub struct Row {
    /// x86-64 number.
    pub nr: u32,
    /// The name without `sys_`.
    pub name: &'static str,
    /// Names and kinds of the arguments.
    pub args: &'static [(&'static str, Kind)],
    /// Support level.
    pub support: Support,
    /// Restart rule.
    pub restarts: Restarts,
    /// The typed handler behind its untyped door.
    pub handler: fn(&mut Call<'_>) -> Result<usize>,
}

macro_rules! support {
    (full) => {
        Support::Full
    };
    (part $why:literal) => {
        Support::Part($why)
    };
    (refused $why:literal) => {
        Support::Refused($why)
    };
}

macro_rules! restarts {
    () => {
        Restarts::Never
    };
    (sys) => {
        Restarts::Sys
    };
    (nohandler) => {
        Restarts::NoHandler
    };
    (always) => {
        Restarts::Always
    };
}

macro_rules! syscalls {
    ($( $nr:literal $name:ident($($arg:ident: $t:ty),*) [$($support:tt)*] $($restart:ident)? => $handler:path; )*) => {
        /// All rows, ascending by number.
        pub static ROWS: &[Row] = &[ $( Row {
            nr: $nr,
            name: stringify!($name),
            args: &[$((stringify!($arg), <$t as Arg>::KIND)),*],
            support: support!($($support)*),
            restarts: restarts!($($restart)?),
            handler: |call| {
                #[allow(unused_mut, unused_variables)]
                let mut at = 0..;
                $(
                    let $arg = <$t as Arg>::of(call.cx.arg(at.next().unwrap_or(usize::MAX)));
                )*
                $handler(call, $($arg),*)
            },
        } ),* ];
    };
}

/// Position in `ROWS` by number, plus one; 0 for none.
static INDEX: [u16; 512] = {
    let mut index = [0; 512];
    let mut i = 0;
    while i < ROWS.len() {
        index[ROWS[i].nr as usize] = i as u16 + 1;
        i += 1;
    }
    index
};

/// The row of a number.
#[inline]
pub fn lookup(nr: u64) -> Option<&'static Row> {
    let at = *INDEX.get(usize::try_from(nr).ok()?)?;
    ROWS.get((at as usize).checked_sub(1)?)
}

include!("rows.rs");
