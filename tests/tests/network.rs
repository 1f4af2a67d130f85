//! What a sandbox can be given of the host's network: `--net=host`, `--net-allow`, `-p`; and that it has nothing else of it.
//!
//! The other side is a server or a client in this process, on the host's loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};
use umlaut_tests::mode::{self, Mode};
use umlaut_tests::workdir::WorkDir;
use umlaut_tests::{exec, paths, suite};

const LIMIT: Duration = Duration::from_secs(60);

/// Runs a shell script in a sandbox with these options; answers what it writes and its status.
fn umlaut(mode: Mode, options: &[String], script: &str) -> (String, i32) {
    let dir = WorkDir::new(paths::scratch(), "network");
    dir.renew(None).expect("scratch");
    let tag = exec::fresh_tag();
    let mut command: Command = mode::umlaut(mode);
    command.args(options).args(["--", "/bin/bash", "-c", script]);
    exec::plain_environment(&mut command, &dir.work(), &dir.tmp(), &tag);
    let outcome = exec::run(command, &tag, LIMIT, exec::REAPING);
    dir.remove().expect("scratch");
    assert!(outcome.trouble.is_none(), "{:?}", outcome.trouble);
    assert!(outcome.left_over.is_empty(), "left over: {:?}", outcome.left_over);
    let text = [outcome.stdout, outcome.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), outcome.end.shell_status())
}

/// A server that answers every connection with `host` and its own port, until the test ends.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut client: TcpStream = client;
            let _ = client.write_all(b"host\n");
        }
    });
    port
}

fn in_each_trap(test: impl Fn(Mode)) {
    let _turn = suite::turn();
    mode::binary();
    for mode in Mode::TRAPS.into_iter().filter(|m| m.wanted()) {
        test(mode);
    }
}

fn read_from(port: u16) -> String {
    format!("exec 3<>/dev/tcp/127.0.0.1/{port} && cat <&3")
}

#[test]
fn without_options_there_is_no_host() {
    let port = server();
    in_each_trap(|mode| {
        let (text, status) = umlaut(mode, &[], &read_from(port));
        assert!(text.contains("Connection refused"), "{text}");
        assert_ne!(status, 0);
        let (text, _) = umlaut(mode, &[], "exec 3<>/dev/tcp/192.0.2.77/80");
        assert!(text.contains("Network is unreachable"), "{text}");
    });
}

#[test]
fn the_hosts_network() {
    let port = server();
    in_each_trap(|mode| {
        let options = ["--net=host".to_string()];
        assert_eq!(umlaut(mode, &options, &read_from(port)), ("host\n".to_string(), 0));
        let listening = format!("grep -c ':{port:04X} 00000000:0000 0A' /proc/net/tcp");
        assert_eq!(umlaut(mode, &options, &listening).0, "1\n");
    });
}

#[test]
fn what_is_allowed_and_nothing_else() {
    let (yes, no) = (server(), server());
    in_each_trap(|mode| {
        let allow = ["--net-allow".to_string(), format!("localhost:{yes}")];
        assert_eq!(umlaut(mode, &allow, &read_from(yes)), ("host\n".to_string(), 0));
        let (text, _) = umlaut(mode, &allow, &read_from(no));
        assert!(text.contains("Connection refused"), "{text}");
        let (text, _) = umlaut(mode, &allow, "exec 3<>/dev/tcp/192.0.2.77/80");
        assert!(text.contains("Network is unreachable"), "{text}");
        // With the host's network it is a limit.
        let both = [&["--net=host".to_string()], &allow[..]].concat();
        assert_eq!(umlaut(mode, &both, &read_from(yes)), ("host\n".to_string(), 0));
        let (text, _) = umlaut(mode, &both, &read_from(no));
        assert!(text.contains("Permission denied"), "{text}");
    });
}

#[test]
fn datagrams_that_are_allowed() {
    let host = UdpSocket::bind("127.0.0.1:0").expect("a port");
    host.set_read_timeout(Some(LIMIT)).expect("a timeout");
    let port = host.local_addr().expect("an address").port();
    in_each_trap(|mode| {
        let options = ["--net-allow".to_string(), format!("127.0.0.1:{port}")];
        let script = format!("exec 3<>/dev/udp/127.0.0.1/{port}; echo question >&3; dd bs=99 count=1 status=none <&3");
        let sandbox = std::thread::spawn(move || umlaut(mode, &options, &script));
        let mut buf = [0; 64];
        let (n, from) = host.recv_from(&mut buf).expect("a datagram");
        assert_eq!(&buf[..n], b"question\n");
        host.send_to(b"answer\n", from).expect("sent");
        assert_eq!(sandbox.join().expect("ran"), ("answer\n".to_string(), 0));
    });
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

/// Connects as soon as somebody listens.
fn connect(port: u16) -> TcpStream {
    let began = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(e) => assert!(began.elapsed() < LIMIT, "nobody listens on {port}: {e}"),
        }
    }
}

/// A server that takes two connections, one from each side, and answers both; waiting with poll, epoll and accept alone.
const SERVERS: [&str; 3] =
    ["s.accept", "lambda: (select.select([s], [], []), s.accept())[1]", "lambda: (e.poll(), s.accept())[1]"];

#[test]
fn a_published_port() {
    in_each_trap(|mode| {
        for accept in SERVERS {
            let port = free_port();
            let script = format!(
                "exec python3 -c 'import select, socket, threading
s = socket.create_server((\"0.0.0.0\", 8080))
e = select.epoll(); e.register(s, select.EPOLLIN)
accept = {accept}
for i in range(2):
    c, peer = accept()
    c.sendall(c.recv(100).upper()); c.close()
    if i == 0: threading.Thread(target=lambda: print(socket.create_connection((\"127.0.0.1\", 8080)).makefile(\"rw\").write(\"inside\") )).start()
    print(peer[0], c.family.name)
'"
            );
            let options = ["-p".to_string(), format!("{port}:8080")];
            let sandbox = std::thread::spawn(move || umlaut(mode, &options, &script));
            let mut client = connect(port);
            client.write_all(b"outside").expect("sent");
            let mut answer = String::new();
            client.read_to_string(&mut answer).expect("an answer");
            assert_eq!(answer, "OUTSIDE");
            let (text, status) = sandbox.join().expect("ran");
            assert_eq!((text.matches("127.0.0.1 AF_INET").count(), status), (2, 0), "{text}");
        }
    });
}

#[test]
fn mistakes_are_named() {
    let _turn = suite::turn();
    for (options, what) in [
        (&["-p", "80"][..], "wanted HOSTPORT:PORT"),
        (&["-p", "0:80"], "0 is no port"),
        (&["--net=host", "-p", "8080:80"], "with --net=host"),
        (&["--net-allow", "nowhere"], "wanted HOST:PORT"),
        (&["--net-allow", "127.0.0.1:x"], "--net-allow 127.0.0.1:x"),
    ] {
        let options: Vec<String> = options.iter().map(|o| (*o).to_string()).collect();
        let (text, status) = umlaut(Mode::Sud, &options, "echo ran");
        assert!(text.contains(what), "{options:?}: {text}");
        assert_eq!(status, 125);
    }
}
