//! What a stub holds.
//!
//! ```text
//!  0  lea r11, [resume]          who calls: what stands 4 bytes before `resume` leads to the site
//!  7  jmp [header of the block]  to `entry`, in the runtime's text
//! 13  int3 ...
//! 20  distance from `resume` to the address behind the `syscall`
//! 24  resume: the displaced instructions, then a jump to what follows them in the original
//! ```
//! All of it is relative, but for the block's header.

use super::decode::{Kind, decode};
use alloc::vec::Vec;
use vkernel::mm::patch::{Boundary, JUMP, Left, SLOT};

/// Offset of the first displaced instruction.
pub const RESUME: usize = 24;
/// The two bytes of the instruction that is replaced.
pub const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// The instructions that the jump displaces.
pub struct Displaced {
    /// Original bytes, from the site on.
    bytes: Vec<u8>,
    /// Where each starts (from the site), and what it is.
    list: Vec<(usize, usize, Kind)>,
    /// Whether the last one in the list never goes on to the next.
    ends: bool,
}

/// Looks at the bytes from the site on.
pub fn displaced(bytes: &[u8]) -> Result<Displaced, Left> {
    if !bytes.starts_with(&SYSCALL) {
        return Err(Left::Changed);
    }
    let mut at = SYSCALL.len();
    let mut list: Vec<(usize, usize, Kind)> = Vec::new();
    let mut ends = false;
    while at < JUMP {
        let rest = bytes.get(at..).unwrap_or_default();
        // Behind the end of a piece of code there may only be filling.
        if ends && rest.first() == Some(&0xcc) {
            at += 1;
            continue;
        }
        let insn = decode(rest).ok_or(Left::Neighbour)?;
        if !ends || insn.kind != Kind::Nop {
            // What stands behind a jump is the function's next instruction, to which something else jumps; behind a return, another
            // function or data.
            if list.last().is_some_and(|(.., kind)| *kind == Kind::Ret) {
                return Err(Left::Neighbour);
            }
            list.push((at, insn.len, insn.kind));
            ends = matches!(insn.kind, Kind::Jmp(_) | Kind::Ret);
        }
        at += insn.len;
    }
    let bytes = bytes.get(..at).ok_or(Left::Neighbour)?.to_vec();
    Ok(Displaced { bytes, list, ends })
}

impl Displaced {
    /// The original bytes, as far as the stub replaces them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The original bytes under the jump.
    pub fn original(&self) -> [u8; JUMP] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    /// Where instructions start inside of the window, from the site on.
    pub fn starts(&self) -> impl Iterator<Item = usize> {
        self.list.iter().map(|(at, ..)| *at).filter(|at| *at < JUMP)
    }

    /// The stub for `site` at address `slot` with the block's header at `header`, and which instruction of it is which of the
    /// original. `None` when it does not fit or reach.
    pub fn encode(&self, site: usize, slot: usize, header: usize) -> Option<([u8; SLOT], Vec<Boundary>)> {
        let mut code = Vec::with_capacity(SLOT);
        code.extend_from_slice(&[0x4c, 0x8d, 0x1d]);
        code.extend_from_slice(&(RESUME as i32 - 7).to_le_bytes());
        code.extend_from_slice(&[0xff, 0x25]);
        code.extend_from_slice(&distance(slot + 13, header)?);
        code.resize(RESUME - 4, 0xcc);
        code.extend_from_slice(&distance(slot + RESUME, site + SYSCALL.len())?);
        let mut boundaries = Vec::new();
        for &(at, len, kind) in &self.list {
            boundaries.push(Boundary { original: at as u8, stub: code.len() as u8 });
            let raw = self.bytes.get(at..at + len)?;
            let end = site + at + len;
            match kind {
                Kind::Plain | Kind::Nop | Kind::Ret => code.extend_from_slice(raw),
                Kind::RipRelative(offset) => {
                    let field = raw.get(offset..offset + 4)?.try_into().ok()?;
                    let target = end.wrapping_add_signed(i32::from_le_bytes(field) as isize);
                    let here = slot + code.len() + len;
                    code.extend_from_slice(raw.get(..offset)?);
                    code.extend_from_slice(&distance(here, target)?);
                    code.extend_from_slice(raw.get(offset + 4..)?);
                }
                Kind::Jcc(condition, d) => {
                    code.extend_from_slice(&[0x0f, 0x80 | condition]);
                    code.extend_from_slice(&distance(slot + code.len() + 4, end.wrapping_add_signed(d as isize))?);
                }
                Kind::Jmp(d) => jump(&mut code, slot, end.wrapping_add_signed(d as isize))?,
            }
        }
        if !self.ends {
            boundaries.push(Boundary { original: self.bytes.len() as u8, stub: code.len() as u8 });
            jump(&mut code, slot, site + self.bytes.len())?;
        }
        if code.len() > SLOT {
            return None;
        }
        code.resize(SLOT, 0xcc);
        Some((code.try_into().ok()?, boundaries))
    }
}

fn jump(code: &mut Vec<u8>, slot: usize, to: usize) -> Option<()> {
    code.push(0xe9);
    let here = slot + code.len() + 4;
    code.extend_from_slice(&distance(here, to)?);
    Some(())
}

/// The 32-bit distance between two addresses.
fn distance(from: usize, to: usize) -> Option<[u8; 4]> {
    let d = (to as i64).checked_sub(from as i64)?;
    i32::try_from(d).ok().map(i32::to_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: usize = 0x7000_0000;
    const AT: usize = 0x7100_0040;

    #[test]
    fn a_compare_is_copied_and_followed_by_a_jump_back() {
        let d = displaced(&[0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0x77, 4]).ok().unwrap();
        assert_eq!(d.starts().collect::<Vec<_>>(), [2]);
        let (code, bounds) = d.encode(SITE, AT, AT & !0xfff).unwrap();
        assert_eq!(code[24..30], [0x48, 0x3d, 0, 0xf0, 0xff, 0xff]);
        assert_eq!(code[30], 0xe9);
        let back = i32::from_le_bytes(code[31..35].try_into().unwrap());
        assert_eq!((AT + 35).wrapping_add_signed(back as isize), SITE + 8);
        assert_eq!(bounds.len(), 2);
        let behind = i32::from_le_bytes(code[20..24].try_into().unwrap());
        assert_eq!((AT + 24).wrapping_add_signed(behind as isize), SITE + 2);
    }

    #[test]
    fn relative_operands_follow() {
        let d = displaced(&[0x0f, 0x05, 0x8b, 0x05, 0x10, 0, 0, 0]).ok().unwrap();
        let (code, _) = d.encode(SITE, AT, AT & !0xfff).unwrap();
        let field = i32::from_le_bytes(code[26..30].try_into().unwrap());
        assert_eq!((AT + 30).wrapping_add_signed(field as isize), SITE + 8 + 0x10);
        assert!(d.encode(SITE, SITE + (1 << 32), AT).is_none());
    }

    #[test]
    fn filling_may_follow_a_return_and_code_may_not() {
        assert!(displaced(&[0x0f, 0x05, 0xc3, 0x66, 0x90]).is_ok());
        assert!(displaced(&[0x0f, 0x05, 0xc3, 0xcc, 0xcc]).is_ok());
        assert!(displaced(&[0x0f, 0x05, 0xc3, 0x89, 0xc0]).is_err());
        assert!(displaced(&[0x0f, 0x05, 0xe8, 0, 0, 0, 0]).is_err());
        assert!(displaced(&[0x0f, 0x34, 0x90, 0x90, 0x90]).is_err());
        assert!(displaced(&[0x0f, 0x05, 0x90]).is_err());
    }

    #[test]
    fn code_may_follow_a_jump() {
        // The end of a thread in glibc: `exit` in a loop, and behind it another piece of the function.
        let d = displaced(&[0x0f, 0x05, 0xeb, 0xf8, 0x48, 0x89, 0xdf, 0xe8]).ok().unwrap();
        assert_eq!(d.starts().collect::<Vec<_>>(), [2, 4]);
        assert_eq!(d.bytes().len(), 7);
        let (code, bounds) = d.encode(SITE, AT, AT & !0xfff).unwrap();
        let target = |at: usize| {
            (AT + at + 5).wrapping_add_signed(i32::from_le_bytes(code[at + 1..at + 5].try_into().unwrap()) as isize)
        };
        assert_eq!((code[24], target(24)), (0xe9, SITE + 4 - 8));
        assert_eq!(code[29..32], [0x48, 0x89, 0xdf]);
        assert_eq!((code[32], target(32)), (0xe9, SITE + 7));
        assert_eq!(bounds.iter().map(|b| (b.original, b.stub)).collect::<Vec<_>>(), [(2, 24), (4, 29), (7, 32)]);
        assert!(displaced(&[0x0f, 0x05, 0xeb, 0xf8, 0xf4]).is_err());
    }
}
