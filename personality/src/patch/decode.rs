//! The instructions behind a `syscall`, as far as they can be moved to a stub.
//!
//! The first trap proves that the two bytes of the site are an instruction, so decoding from behind it is certain. Only the
//! plain integer instructions that stand there in practice are known, with their lengths and what in them depends on their
//! place; everything else is refused and the site stays on the trap. A table-driven decoder would know more, but the one that
//! serves as the oracle of the tests below takes 0.3 ms to build its tables, in every sandbox.

/// One instruction that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// Bytes.
    pub len: usize,
    /// What depends on its place.
    pub kind: Kind,
}

/// What of an instruction depends on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// Nothing, and it does nothing.
    Nop,
    /// Four bytes at this offset: a displacement from the instruction's end.
    RipRelative(usize),
    /// A conditional jump: the condition, and the distance from the instruction's end.
    Jcc(u8, i32),
    /// A jump.
    Jmp(i32),
    /// A return.
    Ret,
}

/// Reads on through the bytes of one instruction.
struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let b = *self.all.get(self.at)?;
        self.at += 1;
        Some(b)
    }

    fn skip(&mut self, n: usize) -> Option<()> {
        self.at += n;
        (self.at <= self.all.len()).then_some(())
    }

    fn i8(&mut self) -> Option<i32> {
        self.next().map(|b| i32::from(b as i8))
    }

    fn i32(&mut self) -> Option<i32> {
        let raw = self.all.get(self.at..self.at + 4)?;
        self.at += 4;
        raw.try_into().ok().map(i32::from_le_bytes)
    }
}

/// What follows the opcode.
enum Form {
    /// Nothing.
    Bare,
    /// An immediate of so many bytes.
    Imm(usize),
    /// An operand byte, and an immediate of so many bytes.
    Modrm(usize),
}

#[derive(Clone, Copy, Default)]
struct Prefixes {
    /// 0x66.
    narrow: bool,
    /// 0xf3.
    rep: bool,
    /// REX.W.
    wide: bool,
    /// REX.B.
    extended: bool,
}

/// The instruction at the start of `bytes`; `None` for one that is not known, or is cut off.
pub fn decode(bytes: &[u8]) -> Option<Insn> {
    let mut b = Bytes { all: bytes, at: 0 };
    let mut p = Prefixes::default();
    let mut op = b.next()?;
    loop {
        match op {
            0x66 => p.narrow = true,
            0xf3 => p.rep = true,
            0x2e | 0x3e | 0x64 => {}
            _ => break,
        }
        op = b.next()?;
    }
    if op & 0xf0 == 0x40 {
        p.wide = op & 8 != 0;
        p.extended = op & 1 != 0;
        op = b.next()?;
    }
    let kind = if op == 0x0f { two_bytes(&mut b, p)? } else { one_byte(&mut b, op, p)? };
    (b.at <= 15).then_some(Insn { len: b.at, kind })
}

fn one_byte(b: &mut Bytes<'_>, op: u8, p: Prefixes) -> Option<Kind> {
    // Prefixed jumps and returns mean different things to different processors.
    if op == 0xc3 && !p.narrow {
        return Some(Kind::Ret);
    }
    if p.rep {
        return None;
    }
    // REX.W is stronger than the prefix.
    let full = if p.narrow && !p.wide { 2 } else { 4 };
    let form = match op {
        0x70..=0x7f if !p.narrow => return b.i8().map(|d| Kind::Jcc(op & 15, d)),
        0xeb if !p.narrow => return b.i8().map(Kind::Jmp),
        0xe9 if !p.narrow => return b.i32().map(Kind::Jmp),
        // With r8 for rax it exchanges something.
        0x90 if !p.extended => return Some(Kind::Nop),
        _ if op < 0x40 => match op & 7 {
            0..=3 => Form::Modrm(0),
            4 => Form::Imm(1),
            5 => Form::Imm(full),
            _ => return None,
        },
        0x50..=0x5f if !p.narrow => Form::Bare,
        0x90..=0x99 => Form::Bare,
        0x63 | 0x84..=0x8b | 0x8d | 0xd0..=0xd3 => Form::Modrm(0),
        0x68 if !p.narrow => Form::Imm(4),
        0x6a => Form::Imm(1),
        0x6b | 0x80 | 0x83 | 0xc0 | 0xc1 => Form::Modrm(1),
        0x69 | 0x81 => Form::Modrm(full),
        0xa8 => Form::Imm(1),
        0xa9 => Form::Imm(full),
        0xb0..=0xb7 => Form::Imm(1),
        0xb8..=0xbf => Form::Imm(if p.wide { 8 } else { full }),
        0xc6 if reg(b)? == 0 => Form::Modrm(1),
        0xc7 if reg(b)? == 0 => Form::Modrm(full),
        0xf6 => Form::Modrm(if reg(b)? < 2 { 1 } else { 0 }),
        0xf7 => Form::Modrm(if reg(b)? < 2 { full } else { 0 }),
        0xfe if reg(b)? < 2 => Form::Modrm(0),
        0xff if reg(b)? < 2 => Form::Modrm(0),
        _ => return None,
    };
    finish(b, form, op == 0x8d)
}

fn two_bytes(b: &mut Bytes<'_>, p: Prefixes) -> Option<Kind> {
    let op = b.next()?;
    match op {
        0x80..=0x8f if !p.narrow && !p.rep => return b.i32().map(|d| Kind::Jcc(op & 15, d)),
        0x1f if !p.rep && reg(b)? == 0 => {
            finish(b, Form::Modrm(0), false)?;
            return Some(Kind::Nop);
        }
        0x40..=0x4f | 0x90..=0x9f | 0xaf | 0xb6 | 0xb7 | 0xbe | 0xbf | 0x28 | 0x29 | 0x57 if !p.rep => {}
        0x10 | 0x11 => {}
        0x6f | 0x7e | 0x7f if p.narrow != p.rep => {}
        0x6e | 0xd6 | 0xef if p.narrow && !p.rep => {}
        _ => return None,
    }
    finish(b, Form::Modrm(0), false)
}

/// The middle field of the operand byte, which is not taken.
fn reg(b: &Bytes<'_>) -> Option<u8> {
    b.all.get(b.at).map(|m| m >> 3 & 7)
}

fn finish(b: &mut Bytes<'_>, form: Form, memory_only: bool) -> Option<Kind> {
    let immediate = match form {
        Form::Bare => return Some(Kind::Plain),
        Form::Imm(n) => return b.skip(n).map(|()| Kind::Plain),
        Form::Modrm(n) => n,
    };
    let modrm = b.next()?;
    let (mode, base) = (modrm >> 6, modrm & 7);
    if memory_only && mode == 3 {
        return None;
    }
    let mut kind = Kind::Plain;
    if mode != 3 {
        let mut wide = mode == 2;
        if base == 4 {
            wide |= mode == 0 && b.next()? & 7 == 5 || mode != 0 && b.next().is_none();
        } else if base == 5 && mode == 0 {
            kind = Kind::RipRelative(b.at);
            wide = true;
        }
        b.skip(if wide { 4 } else { usize::from(mode == 1) })?;
    }
    b.skip(immediate)?;
    Some(kind)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use iced_x86::{Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};

    fn oracle(bytes: &[u8]) -> (Instruction, Option<usize>) {
        let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
        let insn = decoder.decode();
        let offset = decoder.get_constant_offsets(&insn);
        (insn, insn.is_ip_rel_memory_operand().then(|| offset.displacement_offset()))
    }

    /// Whatever is decoded must be what the oracle says.
    fn agree(bytes: &[u8]) -> bool {
        let Some(found) = decode(bytes) else { return false };
        let (insn, relative) = oracle(bytes);
        assert!(!insn.is_invalid(), "{bytes:02x?} is {found:?}");
        assert_eq!(found.len, insn.len(), "{bytes:02x?} {insn:?}");
        let target = |d: i32| (found.len as u64).wrapping_add(d as i64 as u64);
        match found.kind {
            Kind::Plain => assert!(insn.flow_control() == FlowControl::Next && relative.is_none(), "{bytes:02x?}"),
            Kind::Nop => {
                assert!(insn.mnemonic() == Mnemonic::Nop || insn.code() == Code::Xchg_r64_RAX, "{bytes:02x?} {insn:?}")
            }
            Kind::RipRelative(at) => assert_eq!(relative, Some(at), "{bytes:02x?}"),
            Kind::Jcc(cc, d) => {
                assert!(insn.is_jcc_short_or_near() && insn.near_branch_target() == target(d), "{bytes:02x?}");
                assert!(insn.condition_code() != ConditionCode::None && cc < 16);
            }
            Kind::Jmp(d) => assert!(insn.is_jmp_short_or_near() && insn.near_branch_target() == target(d)),
            Kind::Ret => assert_eq!(insn.flow_control(), FlowControl::Return, "{bytes:02x?}"),
        }
        true
    }

    #[test]
    fn every_opcode_with_every_operand_byte() {
        let prefixes: [&[u8]; 9] =
            [&[], &[0x48], &[0x41], &[0x4c], &[0x66], &[0xf3], &[0x64], &[0x66, 0x48], &[0xf3, 0x48]];
        let mut known = 0;
        for prefix in prefixes {
            for escape in [&[][..], &[0x0f]] {
                for op in 0..=255u8 {
                    for modrm in 0..=255u8 {
                        for sib in [0x24, 0x25, 0x65, 0x05] {
                            let tail = [op, modrm, sib, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
                            known += usize::from(agree(&[prefix, escape, &tail].concat()));
                        }
                    }
                }
            }
        }
        assert!(known > 100_000);
    }

    #[test]
    fn what_stands_behind_calls() {
        let plain: [&[u8]; 6] = [
            &[0x48, 0x3d, 0, 0xf0, 0xff, 0xff],
            &[0x48, 0x89, 0xc5],
            &[0x85, 0xc0],
            &[0x5b],
            &[0x66, 0x0f, 0xef, 0xc0],
            &[0x83, 0x4c, 0x24, 0x08, 0xff],
        ];
        for bytes in plain {
            assert_eq!(decode(bytes), Some(Insn { len: bytes.len(), kind: Kind::Plain }));
        }
        assert_eq!(decode(&[0x77, 0xfe]), Some(Insn { len: 2, kind: Kind::Jcc(7, -2) }));
        assert_eq!(decode(&[0x8b, 0x05, 1, 0, 0, 0]), Some(Insn { len: 6, kind: Kind::RipRelative(2) }));
        for refused in [&[0x0f, 0x05][..], &[0xe8, 0, 0, 0, 0], &[0xf4], &[0xcc], &[0x0f, 0x0b], &[0x48, 0x3d, 0]] {
            assert_eq!(decode(refused), None);
        }
    }
}
