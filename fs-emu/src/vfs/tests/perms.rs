//! Permission tables.

use super::*;
use crate::cred::Caps;
use crate::vfs::ops::TimeSet;
use crate::vfs::perm;
use host::abi::Timespec;

#[test]
fn classes() {
    let owner = Owner { uid: 1, gid: 10 };
    let who = |uid, gid, groups: &[u32]| Cred::new(uid, gid, Arc::from(groups));
    let check = |c: &Cred, mode, mask| perm::check(c, mode, owner, mask).is_ok();
    const FILE: u32 = 0o100000;
    const DIR: u32 = 0o040000;
    assert!(check(&who(1, 1, &[]), FILE | 0o400, perm::READ));
    assert!(!check(&who(1, 10, &[]), FILE | 0o077, perm::READ));
    assert!(check(&who(2, 10, &[]), FILE | 0o040, perm::READ));
    assert!(check(&who(2, 2, &[9, 10]), FILE | 0o040, perm::READ));
    assert!(!check(&who(2, 2, &[10]), FILE | 0o704, perm::READ));
    assert!(check(&who(2, 2, &[]), FILE | 0o004, perm::READ));
    assert!(!check(&who(2, 2, &[]), FILE | 0o004, perm::READ | perm::WRITE));
    let root = who(0, 0, &[]);
    assert!(check(&root, FILE, perm::READ | perm::WRITE));
    assert!(!check(&root, FILE | 0o666, perm::EXEC));
    assert!(check(&root, FILE | 0o010, perm::EXEC));
    assert!(check(&root, DIR, perm::READ | perm::WRITE | perm::EXEC));
    let mut reader = who(5, 5, &[]);
    reader.effective = Caps::DAC_READ_SEARCH;
    assert!(check(&reader, FILE, perm::READ) && !check(&reader, FILE, perm::WRITE));
    assert!(check(&reader, DIR, perm::READ | perm::EXEC) && !check(&reader, DIR, perm::WRITE));
}

#[test]
fn search_and_write() {
    let mut w = World::new();
    w.mkdir("d").unwrap();
    w.touch("d/f").unwrap();
    w.chmod("d", 0o711).unwrap();
    w.user(5, 5, &[]);
    assert!(w.file("d/f", O_RDONLY).is_ok());
    assert_eq!(err(w.file("d/f", O_WRONLY)), Errno::EACCES);
    assert_eq!(err(w.file("d/f", O_TRUNC)), Errno::EACCES);
    assert_eq!(err(w.file("d", O_RDONLY)), Errno::EACCES);
    assert_eq!(err(w.unlink("d/f")), Errno::EACCES);
    assert_eq!(err(w.mkdir("d/f")), Errno::EEXIST);
    assert_eq!(err(w.mkdir("d/g")), Errno::EACCES);
    assert_eq!(err(w.chmod("d/f", 0o777)), Errno::EPERM);
    w.user(0, 0, &[]);
    w.chmod("d", 0o766).unwrap();
    w.user(5, 5, &[]);
    assert_eq!(err(w.find("d/f")), Errno::EACCES);
    assert_eq!(err(w.find("d/..")), Errno::EACCES);
    assert_eq!(err(w.find("d/none")), Errno::EACCES);
    assert!(w.find("d/").is_ok());
}

#[test]
fn sticky() {
    let mut w = World::new();
    w.mkdir("t").unwrap();
    w.chmod("t", 0o1777).unwrap();
    w.user(5, 5, &[]);
    w.touch("t/five").unwrap();
    w.user(6, 6, &[]);
    w.touch("t/six").unwrap();
    assert_eq!(err(w.unlink("t/five")), Errno::EPERM);
    assert_eq!(err(w.rename("t/five", "t/x", 0)), Errno::EPERM);
    assert_eq!(err(w.rename("t/six", "t/five", 0)), Errno::EPERM);
    w.rename("t/six", "t/seven", 0).unwrap();
    w.unlink("t/seven").unwrap();
    w.user(0, 0, &[]);
    w.unlink("t/five").unwrap();
}

#[test]
fn chown_rules() {
    let mut w = World::new();
    w.touch("f").unwrap();
    w.chown("f", 5, 5).unwrap();
    w.chmod("f", 0o6755).unwrap();
    w.chown("f", 5, 5).unwrap();
    assert_eq!(w.mode("f"), 0o100755);
    w.user(5, 5, &[7]);
    assert_eq!(err(w.chown("f", 6, 5)), Errno::EPERM);
    assert_eq!(err(w.chown("f", 5, 8)), Errno::EPERM);
    w.chown("f", 5, 7).unwrap();
    w.chmod("f", 0o2755).unwrap();
    assert_eq!(w.mode("f"), 0o102755);
    w.user(5, 5, &[]);
    w.chmod("f", 0o2755).unwrap();
    assert_eq!(w.mode("f"), 0o100755);
    w.user(6, 6, &[]);
    assert_eq!(err(w.chown("f", 5, 7)), Errno::EPERM);
}

#[test]
fn times() {
    let mut w = World::new();
    w.touch("f").unwrap();
    w.chmod("f", 0o666).unwrap();
    w.user(5, 5, &[]);
    let f = w.find("f").unwrap();
    let t = TimeSet::At(Timespec { sec: 7, nsec: 0 });
    let set = |w: &World, a, m| ops::utimens(&w.cred, &f, a, m);
    set(&w, TimeSet::Now, TimeSet::Now).unwrap();
    assert_eq!(err(set(&w, t, TimeSet::Omit)), Errno::EPERM);
    assert_eq!(err(set(&w, TimeSet::Now, TimeSet::Omit)), Errno::EPERM);
    w.user(0, 0, &[]);
    w.chmod("f", 0o644).unwrap();
    set(&w, t, TimeSet::Omit).unwrap();
    assert_eq!(f.metadata().unwrap().atime.sec, 7);
    w.user(5, 5, &[]);
    assert_eq!(err(set(&w, TimeSet::Now, TimeSet::Now)), Errno::EACCES);
    assert_eq!(err(TimeSet::from_guest(Timespec { sec: 0, nsec: -1 })), Errno::EINVAL);
}

#[test]
fn access_and_real_ids() {
    let mut w = World::new();
    w.touch("f").unwrap();
    w.chmod("f", 0o700).unwrap();
    w.cred.uid = 5;
    let f = w.find("f").unwrap();
    assert!(ops::access(&w.cred, &f, 7).is_ok());
    assert_eq!(err(ops::access(&perm::real(&w.cred), &f, perm::READ)), Errno::EACCES);
    assert!(ops::access(&perm::real(&w.cred), &f, 0).is_ok());
}

#[test]
fn xattrs() {
    let mut w = World::new();
    w.touch("f").unwrap();
    w.symlink("f", "l").unwrap();
    let (f, l) = (w.find("f").unwrap(), w.lfind("l").unwrap());
    let set = |w: &World, p: &Path, n: &str, flags| ops::setxattr(&w.cred, p, n.as_bytes(), b"v", flags);
    set(&w, &f, "user.a", 1).unwrap();
    assert_eq!(err(set(&w, &f, "user.a", 1)), Errno::EEXIST);
    assert_eq!(err(set(&w, &f, "user.b", 2)), Errno::ENODATA);
    assert_eq!(err(set(&w, &f, "user.b", 4)), Errno::EINVAL);
    assert_eq!(err(set(&w, &f, "user.", 0)), Errno::EINVAL);
    assert_eq!(err(set(&w, &f, "", 0)), Errno::ERANGE);
    assert_eq!(err(set(&w, &f, "bogus.x", 0)), Errno::EOPNOTSUPP);
    assert_eq!(err(set(&w, &l, "user.a", 0)), Errno::EPERM);
    assert_eq!(err(ops::setxattr(&w.cred, &f, b"user.x", &[0; 65537], 0)), Errno::E2BIG);
    set(&w, &f, "trusted.t", 0).unwrap();
    assert_eq!(ops::listxattr(&w.cred, &f).unwrap(), b"trusted.t\0user.a\0");
    w.user(5, 5, &[]);
    assert_eq!(ops::listxattr(&w.cred, &f).unwrap(), b"user.a\0");
    assert_eq!(err(ops::getxattr(&w.cred, &f, b"trusted.t")), Errno::ENODATA);
    assert_eq!(ops::getxattr(&w.cred, &f, b"user.a").unwrap(), b"v");
    assert_eq!(err(ops::removexattr(&w.cred, &f, b"user.a")), Errno::EACCES);
    w.user(0, 0, &[]);
    ops::removexattr(&w.cred, &f, b"user.a").unwrap();
    assert_eq!(err(ops::getxattr(&w.cred, &f, b"user.a")), Errno::ENODATA);
}
