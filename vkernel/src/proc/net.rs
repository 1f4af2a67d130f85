//! `/proc/PID/net`, without connections: the headers of the tables; and `/proc/tty`, from which `ps` learns terminals' names.

use super::{PROC_DEV, fixed_attr};
use fs_emu::InodeRef;
use fs_emu::pseudo::{StaticDir, TextFile};

const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
";
const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue \
    tr tm->when retrnsmt   uid  timeout inode\n";
const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
const UDP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue \
    tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
const UNIX: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n";
const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/// Lines of a table of IPv4 sockets or routes have a fixed width.
fn padded(text: &str, width: usize) -> alloc::vec::Vec<u8> {
    alloc::format!("{text:<width$}\n").into_bytes()
}

fn text(name: &'static str, content: &'static str, width: usize) -> (&'static str, InodeRef) {
    let make = move || Ok(if width == 0 { content.as_bytes().to_vec() } else { padded(content, width) });
    (name, TextFile::build(fixed_attr(PROC_DEV, &alloc::format!("net/{name}"), 0o444), make))
}

/// `/proc/PID/net`.
pub(super) fn dir() -> InodeRef {
    let files = [
        text("dev", DEV, 0),
        text("tcp", TCP, 149),
        text("tcp6", TCP6, 0),
        text("udp", UDP, 127),
        text("udp6", UDP6, 0),
        text("unix", UNIX, 0),
        text("route", ROUTE, 127),
    ];
    StaticDir::build(fixed_attr(PROC_DEV, "net", 0o555), files)
}

const DRIVERS: &str = "\
/dev/tty             /dev/tty        5       0 system:/dev/tty
/dev/console         /dev/console    5       1 system:console
pty_slave            /dev/pts      136 0-1048575 pty:slave
";

/// `/proc/tty`.
pub(super) fn tty_dir() -> InodeRef {
    let drivers = TextFile::build(fixed_attr(PROC_DEV, "tty/drivers", 0o444), || Ok(DRIVERS.as_bytes().to_vec()));
    StaticDir::build(fixed_attr(PROC_DEV, "tty", 0o555), [("drivers", drivers)])
}
