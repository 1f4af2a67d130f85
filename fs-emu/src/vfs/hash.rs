//! The hasher of name tables.
//!
//! The maps live in memory that many processes share, so their hasher must not depend on anything private to a process:
//! `hashbrown`'s default keeps a seed in a static that each process would draw for itself.

use core::hash::{BuildHasher, Hasher};
use hashbrown::HashMap;

/// A map from names that every process reads alike.
pub(crate) type NameMap<V> = HashMap<alloc::boxed::Box<[u8]>, V, NameHash>;

/// Makes [`NameHasher`]s.
#[derive(Clone, Copy, Default)]
pub(crate) struct NameHash;

/// FNV-1a with a final mix, because `hashbrown` looks at the top bits too.
pub(crate) struct NameHasher(u64);

impl BuildHasher for NameHash {
    type Hasher = NameHasher;
    fn build_hasher(&self) -> NameHasher {
        NameHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0 ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The length of a name: not needed, a name never holds the bytes of two.
    fn write_usize(&mut self, _n: usize) {}

    fn finish(&self) -> u64 {
        let x = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^ (x >> 29)
    }
}
