//! The devices' answers.

use super::*;
use alloc::vec;
use fs_emu::MapSource;
use host::Errno;
use host::iov::IovIter;

fn open(minor: u32) -> Arc<dyn FileOps> {
    host::testing::init();
    open_char(dev_join(1, minor)).expect("a device")
}

fn read(minor: u32, len: usize) -> Result<alloc::vec::Vec<u8>> {
    let mut buf = vec![0xaa; len];
    let n = open(minor).read_at(0, &mut IovIter::kernel_mut(&mut buf))?;
    buf.truncate(n);
    Ok(buf)
}

fn write(minor: u32, bytes: &[u8]) -> Result<usize> {
    open(minor).write_at(0, &mut IovIter::kernel(bytes), false).map(|(n, _)| n)
}

#[test]
fn reads() {
    assert_eq!(read(3, 9), Ok(vec![]));
    assert_eq!(read(5, 9), Ok(vec![0; 9]));
    assert_eq!(read(7, 9), Ok(vec![0; 9]));
    let bytes = read(9, 100_000).expect("random bytes");
    assert_eq!(bytes.len(), 100_000);
    assert!((0..=255).all(|b| bytes.contains(&b)));
    assert_eq!(read(8, 0), Ok(vec![]));
}

#[test]
fn writes() {
    for minor in [3, 5, 8, 9] {
        assert_eq!(write(minor, &[1; 1000]), Ok(1000));
    }
    assert_eq!(write(7, b"x"), Err(Errno::ENOSPC));
}

#[test]
fn maps() {
    assert!(matches!(open(5).map(), Ok(MapSource::Anonymous)));
    assert_eq!(open(3).map().err(), Some(Errno::ENODEV));
}

#[test]
fn unknown_numbers() {
    assert!(open_char(dev_join(1, 4)).is_none());
    assert!(open_char(TTY).is_none());
}
