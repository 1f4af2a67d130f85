//! Options that a socket only remembers: which there are, with what they begin, and what setting one makes of a number.
//!
//! They change nothing on a loopback: there are no packets to be marked, routed, retransmitted or kept alive. Those that would
//! change something and do not (`SO_PEEK_OFF`, packet filters, `TCP_REPAIR`, `SO_TXTIME` and others) are not known: `ENOPROTOOPT`.

use host::{Errno, Result};

pub(super) const SOL_IP: i32 = 0;
pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SOL_TCP: i32 = 6;
pub(super) const SOL_UDP: i32 = 17;
pub(super) const SOL_IPV6: i32 = 41;
pub(super) const SOL_UDPLITE: i32 = 136;
pub(super) const SOL_NETLINK: i32 = 270;

/// What setting an option makes of a number.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// 0 or 1.
    Bool,
    /// Itself, in this range; otherwise `EINVAL`.
    Int(i32, i32),
    /// As `Int`; -1 is the default.
    OrDefault(i32, i32),
    /// As `Int`, of sockets of datagrams only; -1 is the default.
    Datagrams(i32, i32),
    /// It can not be set.
    Fixed(Errno),
    /// Itself; all but 0 needs the right to administer the network.
    Admin,
    /// Itself, and that needs the right even for 0.
    Mark,
    /// Something of its own.
    Made(fn(i32, bool) -> Result<i32>),
}

use Value::{Admin, Bool, Datagrams, Fixed, Int, Made, Mark, OrDefault};

const ANY: Value = Int(i32::MIN, i32::MAX);
const NEVER: Value = Fixed(Errno::ENOPROTOOPT);

/// An option: level, name, default, value.
type Known = (i32, i32, i32, Value);

const SOCKET: &[Known] = &[
    (SOL_SOCKET, 5, 0, Bool),              // SO_DONTROUTE
    (SOL_SOCKET, 6, 0, Bool),              // SO_BROADCAST
    (SOL_SOCKET, 9, 0, Bool),              // SO_KEEPALIVE
    (SOL_SOCKET, 10, 0, Bool),             // SO_OOBINLINE
    (SOL_SOCKET, 11, 0, Bool),             // SO_NO_CHECK
    (SOL_SOCKET, 18, 1, ANY),              // SO_RCVLOWAT
    (SOL_SOCKET, 29, 0, Bool),             // SO_TIMESTAMP
    (SOL_SOCKET, 34, 0, Bool),             // SO_PASSSEC
    (SOL_SOCKET, 35, 0, Bool),             // SO_TIMESTAMPNS
    (SOL_SOCKET, 36, 0, Mark),             // SO_MARK
    (SOL_SOCKET, 37, 0, Int(0, 0xffff)),   // SO_TIMESTAMPING
    (SOL_SOCKET, 40, 0, Bool),             // SO_RXQ_OVFL
    (SOL_SOCKET, 41, 0, Bool),             // SO_WIFI_STATUS
    (SOL_SOCKET, 43, 0, Bool),             // SO_NOFCS
    (SOL_SOCKET, 44, 0, Bool),             // SO_LOCK_FILTER
    (SOL_SOCKET, 45, 0, Bool),             // SO_SELECT_ERR_QUEUE
    (SOL_SOCKET, 46, 0, Int(0, i32::MAX)), // SO_BUSY_POLL
    (SOL_SOCKET, 47, -1, ANY),             // SO_MAX_PACING_RATE
    (SOL_SOCKET, 48, 64, NEVER),           // SO_BPF_EXTENSIONS
    (SOL_SOCKET, 49, -1, ANY),             // SO_INCOMING_CPU
    (SOL_SOCKET, 56, 0, NEVER),            // SO_INCOMING_NAPI_ID
    (SOL_SOCKET, 60, 0, Int(0, 1)),        // SO_ZEROCOPY
    (SOL_SOCKET, 69, 0, Admin),            // SO_PREFER_BUSY_POLL
    (SOL_SOCKET, 75, 0, Bool),             // SO_RCVMARK
];

const TCP: &[Known] = &[
    (SOL_TCP, 1, 0, Bool),                // TCP_NODELAY
    (SOL_TCP, 2, 536, Made(segment)),     // TCP_MAXSEG
    (SOL_TCP, 3, 0, Bool),                // TCP_CORK
    (SOL_TCP, 4, 7200, Int(1, 32767)),    // TCP_KEEPIDLE
    (SOL_TCP, 5, 75, Int(1, 32767)),      // TCP_KEEPINTVL
    (SOL_TCP, 6, 9, Int(1, 127)),         // TCP_KEEPCNT
    (SOL_TCP, 7, 6, Int(1, 127)),         // TCP_SYNCNT
    (SOL_TCP, 8, 60, Made(linger2)),      // TCP_LINGER2
    (SOL_TCP, 9, 0, Made(defer_accept)),  // TCP_DEFER_ACCEPT
    (SOL_TCP, 10, 0, Made(window_clamp)), // TCP_WINDOW_CLAMP
    (SOL_TCP, 12, 1, Bool),               // TCP_QUICKACK
    (SOL_TCP, 16, 0, Int(0, 1)),          // TCP_THIN_LINEAR_TIMEOUTS
    (SOL_TCP, 18, 0, Int(0, i32::MAX)),   // TCP_USER_TIMEOUT
    (SOL_TCP, 23, 0, Made(fastopen)),     // TCP_FASTOPEN
    (SOL_TCP, 25, 0, ANY),                // TCP_NOTSENT_LOWAT
    (SOL_TCP, 27, 0, Int(0, 2)),          // TCP_SAVE_SYN
    (SOL_TCP, 30, 0, Int(0, 1)),          // TCP_FASTOPEN_CONNECT
    (SOL_TCP, 34, 0, Int(0, 1)),          // TCP_FASTOPEN_NO_COOKIE
    (SOL_TCP, 36, 0, Int(0, 1)),          // TCP_INQ
    (SOL_TCP, 37, 0, Int(0, i32::MAX)),   // TCP_TX_DELAY
    (SOL_UDP, 1, 0, Bool),                // UDP_CORK
    (SOL_UDP, 10, 0, Made(coverage)),     // UDPLITE_SEND_CSCOV
    (SOL_UDP, 11, 0, Made(coverage)),     // UDPLITE_RECV_CSCOV
];

const IP: &[Known] = &[
    (SOL_IP, 1, 0, Made(service)),        // IP_TOS
    (SOL_IP, 2, 64, OrDefault(1, 255)),   // IP_TTL
    (SOL_IP, 3, 0, NEVER),                // IP_HDRINCL
    (SOL_IP, 5, 0, Fixed(Errno::EINVAL)), // IP_ROUTER_ALERT
    (SOL_IP, 6, 0, Bool),                 // IP_RECVOPTS
    (SOL_IP, 7, 0, Bool),                 // IP_RETOPTS
    (SOL_IP, 8, 0, Bool),                 // IP_PKTINFO
    (SOL_IP, 10, 1, Int(0, 5)),           // IP_MTU_DISCOVER
    (SOL_IP, 11, 0, Bool),                // IP_RECVERR
    (SOL_IP, 12, 0, Bool),                // IP_RECVTTL
    (SOL_IP, 13, 0, Bool),                // IP_RECVTOS
    (SOL_IP, 15, 0, Bool),                // IP_FREEBIND
    (SOL_IP, 18, 0, Bool),                // IP_PASSSEC
    (SOL_IP, 19, 0, Admin),               // IP_TRANSPARENT
    (SOL_IP, 20, 0, Bool),                // IP_RECVORIGDSTADDR
    (SOL_IP, 21, 0, Int(0, 255)),         // IP_MINTTL
    (SOL_IP, 22, 0, NEVER),               // IP_NODEFRAG
    (SOL_IP, 23, 0, Bool),                // IP_CHECKSUM
    (SOL_IP, 24, 0, Bool),                // IP_BIND_ADDRESS_NO_PORT
    (SOL_IP, 26, 0, Int(0, 1)),           // IP_RECVERR_RFC4884
    (SOL_IP, 33, 1, Datagrams(0, 255)),   // IP_MULTICAST_TTL
    (SOL_IP, 34, 1, Bool),                // IP_MULTICAST_LOOP
    (SOL_IP, 49, 1, Int(0, 1)),           // IP_MULTICAST_ALL
    (SOL_IP, 52, 0, NEVER),               // IP_PROTOCOL
];

const IPV6: &[Known] = &[
    (SOL_IPV6, 2, 0, Bool),                  // IPV6_2292PKTINFO
    (SOL_IPV6, 3, 0, Bool),                  // IPV6_2292HOPOPTS
    (SOL_IPV6, 4, 0, Bool),                  // IPV6_2292DSTOPTS
    (SOL_IPV6, 5, 0, Bool),                  // IPV6_2292RTHDR
    (SOL_IPV6, 8, 0, Bool),                  // IPV6_2292HOPLIMIT
    (SOL_IPV6, 11, 0, Bool),                 // IPV6_FLOWINFO
    (SOL_IPV6, 16, 64, OrDefault(0, 255)),   // IPV6_UNICAST_HOPS
    (SOL_IPV6, 17, 0, Made(multicast_if)),   // IPV6_MULTICAST_IF
    (SOL_IPV6, 18, 1, Made(multicast_hops)), // IPV6_MULTICAST_HOPS
    (SOL_IPV6, 19, 1, Int(0, 1)),            // IPV6_MULTICAST_LOOP
    (SOL_IPV6, 22, 0, NEVER),                // IPV6_ROUTER_ALERT
    (SOL_IPV6, 23, 1, Int(0, 5)),            // IPV6_MTU_DISCOVER
    (SOL_IPV6, 25, 0, Bool),                 // IPV6_RECVERR
    (SOL_IPV6, 29, 1, Bool),                 // IPV6_MULTICAST_ALL
    (SOL_IPV6, 30, 0, Bool),                 // IPV6_ROUTER_ALERT_ISOLATE
    (SOL_IPV6, 31, 0, Int(0, 1)),            // IPV6_RECVERR_RFC4884
    (SOL_IPV6, 33, 0, Bool),                 // IPV6_FLOWINFO_SEND
    (SOL_IPV6, 49, 0, Bool),                 // IPV6_RECVPKTINFO
    (SOL_IPV6, 51, 0, Bool),                 // IPV6_RECVHOPLIMIT
    (SOL_IPV6, 53, 0, Bool),                 // IPV6_RECVHOPOPTS
    (SOL_IPV6, 56, 0, Bool),                 // IPV6_RECVRTHDR
    (SOL_IPV6, 58, 0, Bool),                 // IPV6_RECVDSTOPTS
    (SOL_IPV6, 60, 0, Bool),                 // IPV6_RECVPATHMTU
    (SOL_IPV6, 62, 0, Bool),                 // IPV6_DONTFRAG
    (SOL_IPV6, 66, 0, Bool),                 // IPV6_RECVTCLASS
    (SOL_IPV6, 67, 0, Made(traffic_class)),  // IPV6_TCLASS
    (SOL_IPV6, 70, 1, Bool),                 // IPV6_AUTOFLOWLABEL
    (SOL_IPV6, 73, 0, Int(0, 255)),          // IPV6_MINHOPCOUNT
    (SOL_IPV6, 74, 0, Bool),                 // IPV6_ORIGDSTADDR
    (SOL_IPV6, 75, 0, Admin),                // IPV6_TRANSPARENT
    (SOL_IPV6, 77, 0, Bool),                 // IPV6_RECVFRAGSIZE
    (SOL_IPV6, 78, 0, Bool),                 // IPV6_FREEBIND
];

const NETLINK: &[Known] = &[
    (SOL_NETLINK, 3, 0, Bool),  // NETLINK_PKTINFO
    (SOL_NETLINK, 4, 0, Bool),  // NETLINK_BROADCAST_ERROR
    (SOL_NETLINK, 5, 0, Bool),  // NETLINK_NO_ENOBUFS
    (SOL_NETLINK, 10, 0, Bool), // NETLINK_CAP_ACK
    (SOL_NETLINK, 11, 0, Bool), // NETLINK_EXT_ACK
];

/// The default and the value of an option.
pub(super) fn known(level: i32, name: i32) -> Result<(i32, Value)> {
    let all = [SOCKET, TCP, IP, IPV6, NETLINK].into_iter().flatten();
    all.into_iter().find(|k| (k.0, k.1) == (level, name)).map(|k| (k.2, k.3)).ok_or(Errno::ENOPROTOOPT)
}

/// What is remembered when an option is set to a number. `stream`: of a socket of streams; `admin`: by somebody with the right
/// to administer the network.
pub(super) fn settle(level: i32, name: i32, n: i32, stream: bool, admin: bool) -> Result<i32> {
    let (default, value) = known(level, name)?;
    let within = |least: i32, most: i32| if (least..=most).contains(&n) { Ok(n) } else { Err(Errno::EINVAL) };
    match value {
        Bool => Ok(i32::from(n != 0)),
        Int(least, most) => within(least, most),
        Datagrams(..) if stream => Err(Errno::EINVAL),
        OrDefault(..) | Datagrams(..) if n == -1 => Ok(default),
        OrDefault(least, most) | Datagrams(least, most) => within(least, most),
        Fixed(e) => Err(e),
        Admin | Mark if !admin && (n != 0 || matches!(value, Mark)) => Err(Errno::EPERM),
        Admin | Mark => Ok(n),
        Made(make) => make(n, stream),
    }
}

/// 0 takes the setting back.
fn segment(n: i32, _: bool) -> Result<i32> {
    match n {
        0 => Ok(536),
        88..=32767 => Ok(n),
        _ => Err(Errno::EINVAL),
    }
}

/// Seconds in `FIN_WAIT2`, two minutes at most; 0: the default.
fn linger2(n: i32, _: bool) -> Result<i32> {
    Ok(match n {
        ..0 => -1,
        0 => 60,
        _ => n.min(120),
    })
}

/// Seconds become a number of retransmissions, each twice as long after the last, and seconds again.
fn defer_accept(n: i32, _: bool) -> Result<i32> {
    const MOST: i32 = 120;
    let (mut step, mut period, mut count) = (1, 1, 1);
    if n <= 0 {
        return Ok(0);
    }
    while n > period && count < 255 {
        step = (step * 2).min(MOST);
        period += step;
        count += 1;
    }
    Ok(period)
}

/// Half of the smallest buffer at least.
fn window_clamp(n: i32, _: bool) -> Result<i32> {
    Ok(if n == 0 { 0 } else { n.max(1152) })
}

/// So many bytes of a datagram are checked: the header of eight at least; 0: all.
fn coverage(n: i32, _: bool) -> Result<i32> {
    Ok(match n {
        0 => 0,
        ..8 => 8,
        _ => n.min(0xffff),
    })
}

fn fastopen(n: i32, _: bool) -> Result<i32> {
    if n < 0 { Err(Errno::EINVAL) } else { Ok(n.min(4096)) }
}

/// A byte; the two bits that belong to TCP are not to be set on it.
fn service(n: i32, stream: bool) -> Result<i32> {
    Ok(n & if stream { 0xfc } else { 0xff })
}

fn traffic_class(n: i32, stream: bool) -> Result<i32> {
    match n {
        -1 => Ok(0),
        0..=255 => service(n, stream),
        _ => Err(Errno::EINVAL),
    }
}

fn multicast_if(n: i32, stream: bool) -> Result<i32> {
    match n {
        _ if stream => Err(Errno::ENOPROTOOPT),
        0 | 1 => Ok(n),
        _ => Err(Errno::ENODEV),
    }
}

fn multicast_hops(n: i32, stream: bool) -> Result<i32> {
    match n {
        _ if stream => Err(Errno::ENOPROTOOPT),
        -1 => Ok(1),
        0..=255 => Ok(n),
        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_linux_makes_them() {
        let set = |name, n| settle(SOL_TCP, name, n, true, false);
        assert_eq!([1, 2, 100, 100_000].map(|n| set(9, n)), [Ok(1), Ok(3), Ok(127), Ok(29887)]);
        assert_eq!([-1, 0, 5, 1000].map(|n| set(8, n)), [Ok(-1), Ok(60), Ok(5), Ok(120)]);
        assert_eq!([0, 1, 100].map(|n| set(2, n)), [Ok(536), Err(Errno::EINVAL), Ok(100)]);
        assert_eq!(settle(SOL_IP, 1, -1, true, false), Ok(252));
        assert_eq!(settle(SOL_IP, 2, -1, true, false), Ok(64));
        assert_eq!(settle(SOL_IP, 2, 0, true, false), Err(Errno::EINVAL));
        assert_eq!(settle(SOL_SOCKET, 36, 1, true, false), Err(Errno::EPERM));
        assert_eq!(settle(SOL_SOCKET, 99, 1, true, false), Err(Errno::ENOPROTOOPT));
    }
}
