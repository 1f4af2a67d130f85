//! `memcpy` and its family in baseline instructions.
//!
//! libc's versions pick AVX by ifunc, which would clobber the guest's upper vector halves on the fast path.
//! These are what the whole binary links against. Moves of at most 16 bytes by xmm0-3, which every way into the kernel saves, and
//! `rep movs`/`rep stos` for what is long.

use core::arch::global_asm;

global_asm!(
    ".pushsection .text.umlaut_mem,\"ax\",@progbits",
    // Forwards: also right for memory that overlaps where the target is below the source. The last bytes are read first.
    ".globl memcpy",
    ".type memcpy,@function",
    "memcpy:",
    "mov rax, rdi",
    "cmp rdx, 16",
    "jb 3f",
    "movups xmm0, [rsi]",
    "movups xmm3, [rsi + rdx - 16]",
    "cmp rdx, 32",
    "ja 1f",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm3",
    "ret",
    "1: cmp rdx, {LONG}",
    "ja 7f",
    "movups xmm2, [rsi + rdx - 32]",
    "lea rcx, [rdi + rdx - 32]",
    "2: movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "add rsi, 32",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "add rdi, 32",
    "cmp rdi, rcx",
    "jb 2b",
    "movups [rcx], xmm2",
    "movups [rcx + 16], xmm3",
    "ret",
    "3: cmp rdx, 8",
    "jb 4f",
    "mov rcx, [rsi]",
    "mov r8, [rsi + rdx - 8]",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], r8",
    "ret",
    "4: cmp rdx, 4",
    "jb 5f",
    "mov ecx, [rsi]",
    "mov r8d, [rsi + rdx - 4]",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], r8d",
    "ret",
    "5: test rdx, rdx",
    "jz 6f",
    "movzx ecx, byte ptr [rsi]",
    "movzx r8d, byte ptr [rsi + rdx - 1]",
    "shr rdx",
    "movzx r9d, byte ptr [rsi + rdx]",
    "mov [rdi + rdx], r9b",
    "adc rdx, rdx",
    "mov [rdi], cl",
    "mov [rdi + rdx - 1], r8b",
    "6: ret",
    "7: mov rcx, rdx",
    "rep movsb",
    "ret",
    ".globl memmove",
    ".type memmove,@function",
    "memmove:",
    "mov rax, rdi",
    "sub rax, rsi",
    "cmp rax, rdx",
    "jae memcpy",
    "mov rax, rdi",
    "mov rcx, rdx",
    "lea rsi, [rsi + rdx]",
    "lea rdi, [rdi + rdx]",
    // backwards, eight bytes at a time, then the rest
    "7: cmp rcx, 8",
    "jb 8f",
    "sub rcx, 8",
    "sub rsi, 8",
    "sub rdi, 8",
    "mov r8, [rsi]",
    "mov [rdi], r8",
    "jmp 7b",
    "8: test rcx, rcx",
    "jz 9f",
    "dec rcx",
    "dec rsi",
    "dec rdi",
    "mov r8b, [rsi]",
    "mov [rdi], r8b",
    "jmp 8b",
    "9: ret",
    ".globl memset",
    ".type memset,@function",
    "memset:",
    "mov r8, rdi",
    "movzx eax, sil",
    "cmp rdx, {LONG}",
    "ja 6f",
    "movabs rcx, 0x0101010101010101",
    "imul rcx, rax",
    "mov rax, r8",
    "cmp rdx, 16",
    "jb 3f",
    "movq xmm0, rcx",
    "punpcklqdq xmm0, xmm0",
    "lea rcx, [rdi + rdx - 16]",
    "2: movups [rdi], xmm0",
    "add rdi, 16",
    "cmp rdi, rcx",
    "jb 2b",
    "movups [rcx], xmm0",
    "ret",
    "3: cmp rdx, 8",
    "jb 4f",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], rcx",
    "ret",
    "4: cmp rdx, 4",
    "jb 5f",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], ecx",
    "ret",
    "5: sub rdx, 1",
    "jb 7f",
    "mov [rdi + rdx], cl",
    "jmp 5b",
    "6: mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "7: ret",
    ".globl memcmp",
    ".type memcmp,@function",
    ".globl bcmp",
    ".type bcmp,@function",
    "memcmp:",
    "bcmp:",
    "mov rcx, rdx",
    "sub rcx, 8",
    "jb 4f",
    // rcx: where the last eight bytes begin
    "xor eax, eax",
    "2: cmp rax, rcx",
    "jae 3f",
    "mov r8, [rdi + rax]",
    "mov r9, [rsi + rax]",
    "add rax, 8",
    "cmp r8, r9",
    "je 2b",
    "jmp 6f",
    "3: mov r8, [rdi + rcx]",
    "mov r9, [rsi + rcx]",
    "cmp r8, r9",
    "jne 6f",
    "xor eax, eax",
    "ret",
    "4: xor ecx, ecx",
    "5: cmp rcx, rdx",
    "jae 7f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "inc rcx",
    "sub eax, r8d",
    "jz 5b",
    "ret",
    // the first byte that differs decides
    "6: bswap r8",
    "bswap r9",
    "cmp r8, r9",
    "sbb eax, eax",
    "or eax, 1",
    "ret",
    "7: xor eax, eax",
    "ret",
    ".popsection",
    LONG = const LONG,
);

/// From here on the string instructions pay, which take some 30 cycles to begin.
const LONG: usize = 1024;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::cmp::Ordering;
    use core::hint::black_box;

    const ROOM: usize = 2200;

    fn pattern() -> Vec<u8> {
        (0..ROOM).map(|i| black_box(i * 7 + i / 251) as u8).collect()
    }

    fn lengths() -> impl Iterator<Item = usize> {
        (0..140).chain([255, 256, 257, 511, 512, 1000, 1023, 1024, 1025, 1026, 1100])
    }

    #[test]
    fn moves_are_exact_wherever_they_overlap() {
        let before = pattern();
        for n in lengths() {
            for (to, from) in [(1, 1050), (1050, 3), (40, 41), (41, 40), (40, 57), (57, 40), (40, 40), (8, 39), (39, 8)]
            {
                let mut now = before.clone();
                now.copy_within(from..from + black_box(n), to);
                for i in 0..ROOM {
                    let want = if (to..to + n).contains(&i) { before[i - to + from] } else { before[i] };
                    assert_eq!(now[i], want, "{n} bytes from {from} to {to}: byte {i}");
                }
            }
        }
    }

    #[test]
    fn fills_are_exact() {
        let before = pattern();
        for n in lengths() {
            let mut now = before.clone();
            now[5..5 + black_box(n)].fill(black_box(0xa5));
            for i in 0..ROOM {
                assert_eq!(now[i], if (5..5 + n).contains(&i) { 0xa5 } else { before[i] }, "{n} bytes: byte {i}");
            }
        }
    }

    #[test]
    fn comparisons_go_by_the_first_difference() {
        let a = pattern();
        for n in lengths() {
            let compare = |b: &[u8]| a[..black_box(n)].cmp(&b[..n]);
            assert_eq!(compare(&a.clone()), Ordering::Equal);
            for at in (0..n).step_by(3) {
                let mut b = a.clone();
                b[at] ^= 0x80;
                // What comes later does not count.
                b[at + 1] ^= 0xff;
                assert_eq!(compare(&b), a[at].cmp(&b[at]), "{n} bytes, which differ at {at}");
            }
        }
    }
}
