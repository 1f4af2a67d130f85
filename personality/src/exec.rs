//! `execve(2)`: from a path to a new program in the same host process (`fs/exec.c`, `fs/binfmt_elf.c`).
//!
//! Everything that can fail in a way the caller may see happens first ([`prepare`]); then the other threads end, the old memory
//! goes, and the new one is filled by the loader's plan ([`install`]). What fails after that point ends the process with
//! SIGSEGV, as in Linux.

mod chance;
mod source;

use crate::arch::Context;
use crate::sys::mm::{map_file, map_remembered};
use crate::sys::process;
use crate::trap::spawn;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use chance::Chance;
use fs_emu::cred::{ALL_CAPS, Caps};
use fs_emu::vfs::ops::open::open_exec;
use fs_emu::vfs::{At, Ctx, File, MountFlags, Resolve};
use fs_emu::{Cred, Metadata};
use host::layout::{GUEST_MMAP_TOP, GUEST_PIE_BASE, GUEST_STACK_TOP, PAGE_SIZE, TASK_SIZE};
use host::{Errno, Result, user};
use loader::{AuxInputs, Executable, Image, LoadError, Plan, Role, StackImage, StackInputs, place, script};
use source::Source;
use vkernel::Task;
use vkernel::kernel::kernel;
use vkernel::mm::{Limits, MapFile, Mm};
use vkernel::signal;
use vkernel::task::{Exit, secure};

/// The working directory as a descriptor.
pub const AT_FDCWD: i32 = -100;
const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
const AT_EMPTY_PATH: u32 = 0x1000;
/// Randomised bits of addresses, in pages: 2^28 as Linux.
const ASLR_PAGES: u64 = 1 << 28;
/// The stack's top moves by up to 16 GiB, as Linux.
const STACK_RANDOM: u64 = 16 << 30;
const BRK_RANDOM: u64 = 1 << 30;

fn linux(e: LoadError) -> Errno {
    Errno::new(e.errno())
}

/// Opens the file of `execveat`. The descriptor of an `AT_EMPTY_PATH` call may be anything that refers to a file.
pub fn open_program(task: &Task, dirfd: i32, path: &[u8], flags: u32) -> Result<Arc<File>> {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let fs = task.fs();
    let (root, cwd, cred) = (fs.root(), fs.cwd(), task.cred());
    let ctx = Ctx { root: &root, cred: &cred, umask: fs.umask() };
    let mut how = Resolve::empty();
    how.set(Resolve::NOFOLLOW, flags & AT_SYMLINK_NOFOLLOW != 0);
    how.set(Resolve::EMPTY_PATH, flags & AT_EMPTY_PATH != 0);
    if dirfd == AT_FDCWD || path.first() == Some(&b'/') {
        return open_exec(&ctx, At::new(&cwd, path), how);
    }
    let dir = task.files().ok_or(Errno::EBADF)?.get(dirfd)?;
    let base = dir.path().ok_or(if path.is_empty() { Errno::EACCES } else { Errno::ENOTDIR })?;
    open_exec(&ctx, At::new(base, path), how)
}

/// A path as the kernel itself opens it: interpreters.
fn open_path(task: &Task, path: &[u8]) -> Result<Arc<File>> {
    if path.is_empty() {
        return Err(Errno::EACCES);
    }
    open_program(task, AT_FDCWD, path, 0)
}

/// How the program is called (`bprm->filename`).
pub struct Name {
    path: Vec<u8>,
    /// Named by a descriptor that the new program will not have: a script can't be found by this name.
    lost: bool,
    /// The name of the task comes from the file, for the call gave none.
    by_file: bool,
}

impl Name {
    /// A plain path.
    pub fn plain(path: Vec<u8>) -> Name {
        Name { path, lost: false, by_file: false }
    }

    /// As `execveat` was told: a descriptor makes it `/dev/fd/N` with the path below it.
    pub fn of_call(task: &Task, dirfd: i32, path: Vec<u8>) -> Result<Name> {
        if dirfd == AT_FDCWD || path.first() == Some(&b'/') {
            return Ok(Name::plain(path));
        }
        let lost = task.files().ok_or(Errno::EBADF)?.cloexec(dirfd)?;
        let mut full = format!("/dev/fd/{dirfd}").into_bytes();
        if !path.is_empty() {
            full.push(b'/');
            full.extend_from_slice(&path);
        }
        Ok(Name { path: full, lost, by_file: path.is_empty() })
    }
}

/// For `execvp` at boot.
pub fn execve(
    task: &'static Task,
    cx: &mut Context,
    path: &[u8],
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
) -> Result<()> {
    let file = open_program(task, AT_FDCWD, path, 0)?;
    execute(task, cx, file, Name::plain(path.to_vec()), argv, envp)
}

/// Everything decided before the old program goes.
struct Prepared {
    file: Arc<File>,
    image: Image,
    interpreter: Option<(Arc<File>, Image)>,
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
    execfn: Vec<u8>,
    /// The name that the task gets.
    comm: Vec<u8>,
    cred: Cred,
    secure: bool,
    stack_limit: u64,
}

fn prepare(
    task: &Task,
    mut file: Arc<File>,
    name: Name,
    mut argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
) -> Result<Prepared> {
    let execfn = name.path;
    let by_file = file.path().filter(|_| name.by_file).map(|p| p.dentry.name().to_vec());
    let comm = by_file.unwrap_or_else(|| execfn.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec());
    let mut script_path = execfn.clone();
    let mut depth = 0;
    let image = loop {
        match loader::identify(&Source::of(&file)?).map_err(linux)? {
            Executable::Elf(image) => break image,
            Executable::Script(s) => {
                script::check_depth(depth).map_err(linux)?;
                if depth == 0 && name.lost {
                    return Err(Errno::ENOENT);
                }
                depth += 1;
                s.rewrite(&mut argv, &script_path);
                file = open_path(task, &s.interpreter)?;
                script_path = s.interpreter;
            }
        }
    };
    let interpreter = match &image.interpreter {
        None => None,
        Some(path) => {
            let file = open_path(task, path)?;
            let image = loader::elf::parse(&Source::of(&file)?, Role::Interpreter).map_err(linux)?;
            Some((file, image))
        }
    };
    let stack_limit = task.group.rlimit(vkernel::task::limits::STACK).cur;
    let mut budget = loader::ArgBudget::new(argv.len(), envp.len(), stack_limit).map_err(linux)?;
    for s in [&execfn].into_iter().chain(&argv).chain(&envp) {
        budget.take(s.len()).map_err(linux)?;
    }
    let (cred, secure) = new_cred(task, &file)?;
    Ok(Prepared { file, image, interpreter, argv, envp, execfn, comm, cred, secure, stack_limit })
}

/// Set-user-id programs, and capabilities across `execve` (`capabilities(7)`, without file capabilities).
fn new_cred(task: &Task, file: &File) -> Result<(Cred, bool)> {
    let old = task.cred();
    let mut new = (*old).clone();
    let meta: Metadata = file.metadata()?;
    let nosuid = file.path().is_some_and(|p| p.mount.flags().contains(MountFlags::NOSUID));
    let allowed = !nosuid && task.no_new_privs.load(core::sync::atomic::Ordering::SeqCst) == 0;
    if allowed && meta.mode & 0o4000 != 0 {
        new.euid = meta.uid;
    }
    if allowed && meta.mode & 0o2010 == 0o2010 {
        new.egid = meta.gid;
    }
    (new.suid, new.fsuid, new.sgid, new.fsgid) = (new.euid, new.euid, new.egid, new.egid);
    let changed = new.euid != old.euid || new.egid != old.egid;
    let by_id = !task.is_secure(secure::NOROOT);
    let root = by_id && (new.euid == 0 || new.uid == 0);
    if changed {
        new.ambient = Caps::empty();
    }
    new.permitted = if root { new.bounding & ALL_CAPS | old.inheritable } else { new.ambient };
    new.effective = if by_id && new.euid == 0 { new.permitted } else { new.ambient };
    let secure = new.euid != new.uid || new.egid != new.gid;
    Ok((new, secure))
}

/// Executes. Answers an error while the old program is still there; after that the process dies instead.
pub fn execute(
    task: &'static Task,
    cx: &mut Context,
    file: Arc<File>,
    name: Name,
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
) -> Result<()> {
    let p = prepare(task, file, name, argv, envp)?;
    let chance = Chance::new(task)?;
    let before = task.tid();
    // If another thread was first, this one has only to leave, which it does on its way back.
    let point = task.become_only_thread()?;
    point.leave_memory();
    if task.shares_memory() {
        spawn::move_to_own_process(task, process::own_arc(task)?)?;
        task.group.rearm_real_timer();
        host::sys::mem::unmap_all_guest();
    } else {
        task.mm().unmap_all();
    }
    let mm = Mm::new(GUEST_MMAP_TOP - ((chance.mmap & (ASLR_PAGES - 1)) as usize * PAGE_SIZE));
    point.replace_mm(mm.clone());
    point.reset(&p.comm, p.cred.clone())?;
    let started = install(task, &mm, &p, &chance);
    if let Some((file, _)) = &p.interpreter {
        file.release();
    }
    let image = (mm, p);
    drop(image);
    match started {
        Ok((entry, sp)) => {
            let _ = host::sys::process::set_guest_fs(0);
            host::cpu::current().set_guest_gs(0);
            cx.start_program(entry, sp);
            // What stood at that address in the old image means nothing now.
            host::cpu::current().fast.set_resume(0, 0);
            task.trace_exec(cx, before);
        }
        Err(_) => {
            task.group.request_exit(Exit::signal(signal::SIGSEGV, false));
            task.thread.set_work();
        }
    }
    Ok(())
}

/// Fills the new address space: entry point and stack pointer.
fn install(task: &Task, mm: &Arc<Mm>, p: &Prepared, chance: &Chance) -> Result<(u64, u64)> {
    let limits = crate::sys::mm::limits(task);
    let pie = GUEST_PIE_BASE as u64;
    // What has no interpreter may be one, and keeps out of the way of programs; its heap is where they would be.
    let loader = p.interpreter.is_none() && p.image.kind == loader::elf::Kind::Dynamic;
    let (window, random) = match loader {
        true => (free_window(mm, &p.image)?, 0),
        false => (pie..pie + ASLR_PAGES * PAGE_SIZE as u64, chance.program),
    };
    let bias = place::choose_bias(&p.image, &window, random).map_err(linux)?;
    let program = loader::plan::plan(&p.image, bias).map_err(linux)?;
    map_plan(mm, &program, || map_file(&p.file), &limits)?;
    let brk = place::choose_brk(if loader { pie } else { program.brk_start }, BRK_RANDOM, chance.heap);
    mm.set_brk(brk as usize);
    let interpreter = match &p.interpreter {
        None => None,
        Some((file, image)) => Some(load_interpreter(mm, file, image, &limits)?),
    };
    let stack = make_stack(mm, p, &program, interpreter.as_ref(), chance, &limits)?;
    mm.update_info(|info| {
        info.loader = interpreter.as_ref().map_or(0..0, |i| i.code.start as usize..i.code.end as usize);
        info.start_code = program.code.start as usize;
        info.end_code = program.code.end as usize;
        info.start_data = program.data.start as usize;
        info.end_data = program.data.end as usize;
        info.start_stack = stack.sp as usize;
        (info.arg_start, info.arg_end) = (stack.arg_start as usize, stack.arg_end as usize);
        (info.env_start, info.env_end) = (stack.env_start as usize, stack.env_end as usize);
        info.auxv = stack.auxv;
        info.exe = Some(p.file.clone());
    });
    Ok((interpreter.map_or(program.entry, |i| i.entry), stack.sp))
}

/// Where `mmap` would put an image.
fn free_window(mm: &Mm, image: &Image) -> Result<core::ops::Range<u64>> {
    let span = place::span(image).map_err(linux)?;
    let at = mm.find_free(usize::try_from(span.len).map_err(|_| Errno::ENOMEM)?)? as u64;
    Ok(at..at.saturating_add(span.len))
}

/// The interpreter goes where `mmap` would put it.
fn load_interpreter(mm: &Arc<Mm>, file: &Arc<File>, image: &Image, limits: &Limits) -> Result<Plan> {
    let bias = place::choose_bias(image, &free_window(mm, image)?, 0).map_err(linux)?;
    let plan = loader::plan::plan(image, bias).map_err(linux)?;
    map_plan(mm, &plan, || map_remembered(file), limits)?;
    Ok(plan)
}

/// Carries out a plan.
fn map_plan(mm: &Arc<Mm>, plan: &Plan, file: impl Fn() -> MapFile, limits: &Limits) -> Result<()> {
    for s in &plan.segments {
        if s.len > 0 {
            mm.map_segment(s.addr as usize, s.len as usize, s.prot, Some(file()), s.file_offset, limits)?;
        }
        if !s.zero_tail.is_empty() {
            user::clear(s.zero_tail.start as usize, (s.zero_tail.end - s.zero_tail.start) as usize)?;
        }
        if !s.anon.is_empty() {
            let len = (s.anon.end - s.anon.start) as usize;
            mm.map_segment(s.anon.start as usize, len, s.anon_prot, None, 0, limits)?;
        }
    }
    Ok(())
}

fn make_stack(
    mm: &Arc<Mm>,
    p: &Prepared,
    program: &Plan,
    interpreter: Option<&Plan>,
    chance: &Chance,
    limits: &Limits,
) -> Result<StackImage> {
    let k = kernel();
    let mut aux = AuxInputs::new(program, interpreter);
    aux.sysinfo_ehdr = (k.vdso.0 != 0).then_some(k.vdso.0 as u64);
    [aux.hwcap, aux.hwcap2, aux.min_sigstack] = k.hwcap;
    (aux.uid, aux.euid, aux.gid, aux.egid) = (p.cred.uid, p.cred.euid, p.cred.gid, p.cred.egid);
    aux.secure = p.secure;
    let shift = (chance.stack % STACK_RANDOM) & !(PAGE_SIZE as u64 - 1);
    let top = GUEST_STACK_TOP as u64 - shift;
    debug_assert!((top as usize) < TASK_SIZE);
    let inputs = StackInputs {
        argv: &p.argv,
        envp: &p.envp,
        execfn: &p.execfn,
        random: chance.shown,
        platform: loader::stack::PLATFORM,
        aux: &aux,
        top,
        padding: chance.padding,
        stack_limit: p.stack_limit,
    };
    let image = loader::stack::build(&inputs).map_err(linux)?;
    mm.setup_stack(top as usize, image.bytes.len(), program.executable_stack, limits)?;
    user::copy_out(image.sp as usize, &image.bytes)?;
    Ok(image)
}
