//! `#!` lines. The expectations come from running the same lines on Linux.

use loader::{Executable, HEAD_SIZE, LoadError, Script, identify, script};

fn parse(line: &[u8]) -> Option<(String, Option<String>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match script::parse(line) {
        Ok(found) => Some((text(found.interpreter), found.argument.map(text))),
        Err(error) => {
            assert_eq!(error, LoadError::NotExecutable);
            None
        }
    }
}

fn names(interpreter: &str, argument: Option<&str>) -> Option<(String, Option<String>)> {
    Some((interpreter.into(), argument.map(Into::into)))
}

#[test]
fn ordinary_lines() {
    assert_eq!(parse(b"#!/bin/sh\n"), names("/bin/sh", None));
    assert_eq!(parse(b"#!/bin/sh\necho a b\n"), names("/bin/sh", None));
    assert_eq!(parse(b"#! \t/bin/sh \t \n"), names("/bin/sh", None));
    assert_eq!(parse(b"#!/bin/sh a b \t\n"), names("/bin/sh", Some("a b")));
    assert_eq!(parse(b"#!/bin/sh\tq\r\n"), names("/bin/sh", Some("q\r")));
    assert_eq!(parse(b"#!sh\n"), names("sh", None));
}

#[test]
fn no_interpreter() {
    for line in [&b""[..], b"#", b"#\n", b"#!\n", b"#! \t \n", b" #!/bin/sh\n", b"!#/bin/sh\n", b"\x7fELF"] {
        assert_eq!(parse(line), None, "{line:?}");
    }
    assert_eq!(parse(&[b"#!".as_slice(), &[b' '; 300], b"\n"].concat()), None);
}

#[test]
fn without_newline() {
    assert_eq!(parse(b"#!"), names("", None));
    assert_eq!(parse(b"#!/bin/sh"), names("/bin/sh", None));
    assert_eq!(parse(b"#!/bin/sh x"), names("/bin/sh", Some("x")));
    // The NULs after the file are not blanks, so nothing is trimmed ...
    assert_eq!(parse(b"#!/bin/sh x "), names("/bin/sh", Some("x ")));
    // ... and a lone blank is followed by an argument: the empty one.
    assert_eq!(parse(b"#!/bin/sh "), names("/bin/sh", Some("")));
}

#[test]
fn nul_bytes() {
    assert_eq!(parse(b"#!/bin/sh\0 foo\n"), names("/bin/sh", None));
    assert_eq!(parse(b"#!/bin/sh f\0oo\n"), names("/bin/sh", Some("f")));
    assert_eq!(parse(b"#!\0/bin/sh\n"), names("", None));
}

#[test]
fn the_window_cuts_arguments_but_not_paths() {
    let path = |len: usize, tail: &[u8]| [b"#!".as_slice(), &vec![b'p'; len], tail].concat();
    // The newline on the last byte of the window still counts; one byte later it does not.
    assert_eq!(parse(&path(HEAD_SIZE - 3, b"\n")), names(&"p".repeat(HEAD_SIZE - 3), None));
    assert_eq!(parse(&path(HEAD_SIZE - 2, b"\n")), None);
    // A blank there shows that the path is whole.
    assert_eq!(parse(&path(HEAD_SIZE - 3, b" x\n")), names(&"p".repeat(HEAD_SIZE - 3), None));

    let long = [b"#!/bin/sh ".as_slice(), &[b'y'; 300], b"\n"].concat();
    assert_eq!(parse(&long), names("/bin/sh", Some(&"y".repeat(HEAD_SIZE - 1 - 10))));
    let blanks = [b"#!/bin/sh".as_slice(), &[b' '; 300], b"\n"].concat();
    assert_eq!(parse(&blanks), names("/bin/sh", None));
}

#[test]
fn rewriting_arguments() {
    let vector = |strings: &[&str]| strings.iter().map(|s| s.as_bytes().to_vec()).collect::<Vec<_>>();
    let rewritten = |argument: Option<&str>, argv: &[&str]| {
        let mut argv = vector(argv);
        Script { interpreter: b"/i".to_vec(), argument: argument.map(|a| a.into()) }.rewrite(&mut argv, b"/s");
        argv
    };
    assert_eq!(rewritten(None, &["zero", "one", "two"]), vector(&["/i", "/s", "one", "two"]));
    assert_eq!(rewritten(Some("a b"), &["zero"]), vector(&["/i", "a b", "/s"]));
    assert_eq!(rewritten(Some(""), &[]), vector(&["/i", "", "/s"]));
}

#[test]
fn nesting() {
    assert_eq!(script::check_depth(0), Ok(()));
    assert_eq!(script::check_depth(4), Ok(()));
    assert_eq!(script::check_depth(5).map_err(|e| e.errno()), Err(40));
}

#[test]
fn identify_tells_scripts_from_the_rest() {
    assert!(matches!(identify(&b"#!/bin/sh\n".as_slice()), Ok(Executable::Script(_))));
    for other in [&b""[..], b"#!\n", b"echo hello\n", b"MZ", &[0; 4096]] {
        assert_eq!(identify(&other), Err(LoadError::NotExecutable));
    }
}
