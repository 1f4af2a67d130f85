//! Which nodes a mapping's memory comes from (Linux's `mm/mempolicy.c`): remembered, for there is one node.

use super::Mm;
use core::ops::Range;
use host::{Errno, Result};

/// A memory policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `MPOL_*` and its flags.
    pub mode: u32,
    /// The nodes that were named.
    pub nodes: u64,
}

impl Mm {
    /// That of the mapping at an address, `Some(None)` for the default one; `None` where nothing is mapped.
    pub fn policy_at(&self, addr: usize) -> Option<Option<Policy>> {
        self.with(|inner| inner.vmas.at(addr).map(|vma| vma.policy))
    }

    /// `mbind(2)`: `EFAULT` for a range with holes.
    pub fn set_policy(&self, range: Range<usize>, policy: Option<Policy>) -> Result<()> {
        self.with(|inner| {
            if !inner.vmas.covers(range.clone()) {
                return Err(Errno::EFAULT);
            }
            inner.vmas.check_split(range.clone())?;
            inner.change(range, |vma| vma.policy = policy);
            Ok(())
        })
    }
}
