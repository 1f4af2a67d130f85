//! Random calls, checked page by page against a simple model and against the host's own `/proc/self/maps`.

use super::*;
use std::vec;

const PAGES: usize = 48;
const OBJECT_PAGES: u64 = 24;

/// What the model knows of a page.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Page {
    None,
    /// Private zero memory with this byte.
    Anon {
        prot: u32,
        value: u8,
    },
    /// Page of an object; the private copy's byte if there is one.
    Object {
        prot: u32,
        object: usize,
        index: u64,
        shared: bool,
        copy: Option<u8>,
    },
}

impl Page {
    fn prot(&self) -> Option<u32> {
        match self {
            Page::None => None,
            Page::Anon { prot, .. } | Page::Object { prot, .. } => Some(*prot),
        }
    }

    fn set_prot(&mut self, new: u32) {
        if let Page::Anon { prot, .. } | Page::Object { prot, .. } = self {
            *prot = new;
        }
    }
}

struct Model {
    pages: vec::Vec<Page>,
    files: vec::Vec<File>,
    seed: u64,
}

impl Model {
    fn rand(&mut self, n: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed % n as u64) as usize
    }

    fn range(&mut self) -> (usize, usize) {
        let start = self.rand(PAGES);
        let len = 1 + self.rand((PAGES - start).min(10));
        (start, len)
    }

    fn value(&self, page: Page) -> core::result::Result<u8, FaultOutcome> {
        match page {
            Page::None => Err(FaultOutcome::SegvMaperr),
            p if p.prot() == Some(0) => Err(FaultOutcome::SegvAccerr),
            Page::Anon { value, .. } => Ok(value),
            Page::Object { index, .. } if index >= OBJECT_PAGES => Err(FaultOutcome::Sigbus),
            Page::Object { copy: Some(value), .. } => Ok(value),
            Page::Object { object, index, .. } => Ok(self.files[object].get(index)),
        }
    }

    fn random_prot(&mut self) -> u32 {
        [0, PROT_READ, RW, RW, PROT_READ | PROT_EXEC][self.rand(5)]
    }
}

fn at(page: usize) -> usize {
    AREA + page * PAGE
}

fn step(w: &World, m: &mut Model) {
    let (start, len) = m.range();
    match m.rand(12) {
        0 | 1 => {
            let prot = m.random_prot();
            w.map(at(start), len, prot, ANON | MAP_FIXED).expect("mmap");
            m.pages[start..start + len].fill(Page::Anon { prot, value: 0 });
        }
        2 | 3 => map_object(w, m, start, len),
        4 => {
            w.mm.munmap(at(start), len * PAGE).expect("munmap");
            m.pages[start..start + len].fill(Page::None);
        }
        5 | 6 => protect(w, m, start, len),
        7 | 8 => remap(w, m, start, len),
        9 => dontneed(w, m, start, len),
        10 => write_file(m),
        _ => poke(w, m, start),
    }
}

fn map_object(w: &World, m: &mut Model, start: usize, len: usize) {
    let object = m.rand(m.files.len());
    let first = m.rand(OBJECT_PAGES as usize) as u64;
    let (prot, shared) = (m.random_prot(), m.rand(2) == 0);
    // Populating a private writable mapping copies at once; when a copy is made is not for the model to say.
    let populate = if shared && m.rand(4) == 0 { MAP_POPULATE } else { 0 };
    let flags = MAP_FIXED | populate | if shared { MAP_SHARED } else { MAP_PRIVATE };
    w.map_file(at(start), len, prot, flags, &m.files[object], first).expect("mmap");
    for i in 0..len {
        m.pages[start + i] = Page::Object { prot, object, index: first + i as u64, shared, copy: None };
    }
}

fn protect(w: &World, m: &mut Model, start: usize, len: usize) {
    let prot = m.random_prot();
    let result = w.mm.mprotect(at(start), len * PAGE, prot, &NO);
    let pages = &mut m.pages[start..start + len];
    let whole = pages.iter().all(|p| *p != Page::None);
    assert_eq!(result, if whole { Ok(()) } else { Err(Errno::ENOMEM) });
    pages.iter_mut().take_while(|p| **p != Page::None).for_each(|p| p.set_prot(prot));
}

fn remap(w: &World, m: &mut Model, start: usize, len: usize) {
    let (to, new_len) = m.range();
    if start < to + new_len && to < start + len {
        return;
    }
    let whole = w.mm.map_at(at(start)).is_some_and(|vma| vma.end >= at(start + len));
    let result = w.mm.mremap(at(start), len * PAGE, new_len * PAGE, 3, at(to), &NO);
    if result.is_err() {
        assert!(!whole, "one mapping can move: {result:?}");
        return;
    }
    let moved: vec::Vec<Page> = m.pages[start..start + len.min(new_len)].to_vec();
    m.pages[start..start + len].fill(Page::None);
    for i in 0..new_len {
        m.pages[to + i] = match (moved.get(i), moved[0]) {
            (Some(page), _) => *page,
            (None, Page::Object { prot, object, index, shared, .. }) => {
                Page::Object { prot, object, index: index + i as u64, shared, copy: None }
            }
            (None, page) => Page::Anon { prot: page.prot().unwrap_or(0), value: 0 },
        };
    }
}

fn dontneed(w: &World, m: &mut Model, start: usize, len: usize) {
    let _ = w.mm.madvise(at(start), len * PAGE, 4);
    for page in &mut m.pages[start..start + len] {
        match page {
            Page::Anon { value, .. } => *value = 0,
            Page::Object { copy, .. } => *copy = None,
            Page::None => {}
        }
    }
}

fn write_file(m: &mut Model) {
    let (object, page, value) = (m.rand(m.files.len()), m.rand(OBJECT_PAGES as usize), m.rand(256));
    m.files[object].put(page as u64, value as u8);
}

fn poke(w: &World, m: &mut Model, page: usize) {
    let new = m.rand(256) as u8;
    let result = w.poke(at(page), new);
    let want = match m.pages[page] {
        Page::None => Err(FaultOutcome::SegvMaperr),
        p if p.prot().is_some_and(|prot| prot & PROT_WRITE == 0) => Err(FaultOutcome::SegvAccerr),
        Page::Object { index, .. } if index >= OBJECT_PAGES => Err(FaultOutcome::Sigbus),
        _ => Ok(()),
    };
    assert_eq!(result, want);
    if result.is_ok() {
        match &mut m.pages[page] {
            Page::Anon { value, .. } => *value = new,
            Page::Object { shared: true, object, index, .. } => assert_eq!(m.files[*object].get(*index), new),
            Page::Object { copy, .. } => *copy = Some(new),
            Page::None => {}
        }
    }
}

/// The book, the host and the model agree.
fn check(w: &World, m: &Model) {
    let host = host_maps();
    for page in 0..PAGES {
        let book = w.mm.map_at(at(page)).map(|vma| vma.prot);
        assert_eq!(book, m.pages[page].prot(), "page {page}");
        let perms = host_perms(&host, at(page));
        assert_eq!(perms.is_some(), book.is_some(), "page {page} on the host");
        let want = |prot: u32, bit: u32, c: char| if prot & bit != 0 { c } else { '-' };
        if let (Some(prot), Some(perms)) = (book, perms) {
            let text = [want(prot, 1, 'r'), want(prot, 2, 'w'), want(prot, 4, 'x')].iter().collect::<String>();
            assert!(perms[..3] == text || perms.starts_with("---p"), "page {page}: {perms} for {text}");
        }
    }
    let total: usize = w.mm.maps().iter().map(|v| v.end - v.start).sum();
    assert_eq!(w.mm.counts().total, total);
}

fn check_contents(w: &World, m: &Model) {
    for page in 0..PAGES {
        assert_eq!(w.peek(at(page)), m.value(m.pages[page]), "page {page}: {:?}", m.pages[page]);
    }
}

#[test]
fn random_calls_agree_with_the_model() {
    let w = world();
    for seed in 1..=40u64 {
        let files = [File::arena(OBJECT_PAGES), File::host(OBJECT_PAGES as usize), File::arena(OBJECT_PAGES)].into();
        let mut m = Model { pages: vec![Page::None; PAGES], files, seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 };
        for _ in 0..30 {
            for _ in 0..8 {
                step(&w, &mut m);
            }
            check(&w, &m);
            if m.rand(2) == 0 {
                check_contents(&w, &m);
            }
        }
        w.mm.munmap(at(0), PAGES * PAGE).expect("munmap");
        for file in &m.files {
            assert_eq!(file.mapped(), 0, "seed {seed}");
        }
        assert_eq!(w.mm.counts(), Counts::default());
    }
}
