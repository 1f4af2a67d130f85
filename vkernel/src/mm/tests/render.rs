//! The text of `/proc/PID/maps`.

use super::*;

fn text(w: &World) -> String {
    String::from_utf8(w.mm.render_maps()).expect("utf-8")
}

#[test]
fn lines_look_like_linux() {
    let w = world();
    let file = File::arena(2);
    w.mm.map_segment(0x40_0000, PAGE, PROT_READ | PROT_EXEC, Some(file.open(true, false)), PAGE as u64, &NO)
        .expect("map");
    w.map(AREA, 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED).expect("map");
    w.mm.set_brk(AREA + 16 * PAGE);
    w.mm.brk(AREA + 17 * PAGE, &NO);
    w.mm.setup_stack(AREA + (32 << 20), 1, false, &NO).expect("stack");
    w.map(AREA + (64 << 20), 1, 0, ANON | MAP_FIXED).expect("map");
    let text = text(&w);
    let lines: std::vec::Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "00400000-00401000 r-xp 00001000 08:01 77                                 /tmp/arena\\012file"
    );
    assert!(lines[1].starts_with("123450000000-123450001000 rw-s 00000000 00:01 "));
    assert_eq!(lines[1].find("/dev/zero (deleted)"), Some(73));
    assert_eq!(lines[2], "123450010000-123450011000 rw-p 00000000 00:00 0                          [heap]");
    assert_eq!(lines[3], "123451fdf000-123452000000 rw-p 00000000 00:00 0                          [stack]");
    assert_eq!(lines[4], "123454000000-123454001000 ---p 00000000 00:00 0 ");
    assert_eq!(lines.len(), 5);
    let smaps = String::from_utf8(w.mm.render_smaps(false)).expect("utf-8");
    assert!(smaps.contains("\nSize:                132 kB\nKernelPageSize:        4 kB\n"));
    assert!(smaps.contains("\nVmFlags: rd wr mr mw me gd \n"));
}

#[test]
fn long_prefixes_keep_a_blank() {
    let w = world();
    let file = File::arena(1);
    let mut open = file.open(true, false);
    open.tag.ino = u64::MAX;
    open.tag.dev = host::abi::dev_join(0xfff, 0xfffff);
    w.mm.map_segment(AREA, PAGE, PROT_READ, Some(open), 0, &NO).expect("map");
    assert!(text(&w).contains(" fff:fffff 18446744073709551615 "));
}
