//! How often call sites have trapped, as far as an address space remembers: no lock, and a place that two sites want is the last one's.
//!
//! Kept for all its threads together: what each thread does once, a program of many short threads does often.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Enough for the sites of a program's loop seldom to meet.
const PLACES: usize = 256;
/// Bits of a place that count; the site's address stands above.
const COUNT: u32 = 16;
const MOST: u64 = (1 << COUNT) - 1;

/// See the module.
pub(in crate::mm) struct Traps([AtomicU64; PLACES]);

impl Default for Traps {
    fn default() -> Traps {
        Traps([const { AtomicU64::new(0) }; PLACES])
    }
}

impl Traps {
    /// Counts one; answers how many it were. Each number is answered once, whoever counts at the same time.
    pub(super) fn count(&self, site: usize) -> u32 {
        let Some(place) = self.0.get(place_of(site)) else { return 0 };
        let seen = place.load(Relaxed);
        if seen >> COUNT != site as u64 {
            place.store((site as u64) << COUNT | 1, Relaxed);
            return 1;
        }
        if seen & MOST == MOST {
            return MOST as u32;
        }
        (place.fetch_add(1, Relaxed) & MOST) as u32 + 1
    }

    /// The child of a fork has its parent's text, and begins where that stands.
    pub(in crate::mm) fn copy_from(&self, parent: &Traps) {
        for (own, theirs) in self.0.iter().zip(&parent.0) {
            own.store(theirs.load(Relaxed), Relaxed);
        }
    }
}

/// Sites of one page and of several spread alike.
fn place_of(site: usize) -> usize {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    ((site as u64).wrapping_mul(GOLDEN) >> 56) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_sites_apart_and_stops_at_the_top() {
        let traps = Traps::default();
        let sites = [0x7000_0000, 0x7000_0002];
        for n in 1..=9 {
            assert_eq!(sites.map(|s| traps.count(s)), [n, n]);
        }
        let child = Traps::default();
        child.copy_from(&traps);
        assert_eq!(child.count(sites[0]), 10);
        assert_eq!((0..70_000).map(|_| traps.count(sites[1])).last(), Some(65_535));
        // The same place, another site.
        let other = (1..).map(|n| sites[0] + n).find(|s| place_of(*s) == place_of(sites[0]));
        assert_eq!(other.map(|s| traps.count(s)), Some(1));
        assert_eq!(traps.count(sites[0]), 1);
    }
}
