//! What the rows need: the micro benchmark's programs, and inputs that are made once and kept in the build directory.

use crate::runner::Area;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCES: [&str; 5] = ["main.c", "calls.c", "files.c", "peers.c", "processes.c"];
/// Size of the file that the host has.
const HOST_FILE: usize = 16 << 20;
/// Changes when the inputs do, so that old ones are not used.
const VERSION: &str = "1";

/// Builds and makes everything that is not there yet.
pub fn area() -> Result<Area> {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&base)?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/micro");
    let micro = base.join("micro");
    compile(&micro, &["-pthread"], &SOURCES.map(|name| sources.join(name)))?;
    let tiny = base.join("tiny");
    compile(&tiny, &["-static"], &[sources.join("tiny.c")])?;
    let input = base.join(format!("input-{VERSION}"));
    if !input.join("done").exists() {
        inputs(&input).context("inputs")?;
        fs::write(input.join("done"), "")?;
    }
    Ok(Area { micro, tiny, input, scratch: base.join("out"), cpu: None })
}

/// Whether a program can be found.
pub fn installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(tool).is_file())
}

fn compile(to: &Path, flags: &[&str], sources: &[PathBuf]) -> Result<()> {
    let status = Command::new("gcc").args(["-O2", "-Wall"]).args(flags).args(sources).arg("-o").arg(to).status();
    if !status.context("gcc")?.success() {
        bail!("gcc could not make {}", to.display());
    }
    Ok(())
}

fn inputs(at: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(at);
    fs::create_dir_all(at)?;
    fs::write(at.join("host-file"), vec![b'h'; HOST_FILE])?;
    tree(&at.join("tree"), 2000, 50, 1000)?;
    tree(&at.join("git"), 500, 20, 500)?;
    let tar = Command::new("tar").arg("-C").arg(at).arg("-cf").arg(at.join("tree.tar")).arg("tree").status();
    if !tar.context("tar")?.success() {
        bail!("tar failed");
    }
    let mut sql = String::from("CREATE TABLE t(id INTEGER PRIMARY KEY, what TEXT);\n");
    for i in 0..1000 {
        writeln!(sql, "BEGIN; INSERT INTO t VALUES({i}, 'row number {i}'); COMMIT;")?;
    }
    fs::write(at.join("small.sql"), sql)?;
    c_sources(&at.join("src"))
}

/// Small text files, spread over directories.
fn tree(at: &Path, files: usize, dirs: usize, size: usize) -> Result<()> {
    for i in 0..files {
        let dir = at.join(format!("dir{}", i % dirs));
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(format!("file{i}.txt")), format!("{i}\n{:0size$}\n", i * 7919))?;
    }
    Ok(())
}

/// Twenty files that use the C library's headers, and one with `main`.
fn c_sources(at: &Path) -> Result<()> {
    fs::create_dir_all(at)?;
    let (mut declared, mut sum) = (String::new(), String::new());
    for file in 0..20 {
        let mut text = String::from("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
        for f in 0..30 {
            writeln!(
                text,
                "long part{file}_{f}(const char *word, long n)\n{{\n    char line[80];\n    long all = {f};\n    \
                 for (long i = 0; i < n; i++) {{\n        snprintf(line, sizeof line, \"%s %ld\", word, i * all);\n        \
                 all += strtol(line + strlen(word), NULL, 10) % 97;\n    }}\n    return all;\n}}"
            )?;
        }
        fs::write(at.join(format!("part{file}.c")), text)?;
        writeln!(declared, "long part{file}_7(const char *, long);")?;
        write!(sum, " + part{file}_7(\"word\", 5)")?;
    }
    fs::write(
        at.join("main.c"),
        format!("#include <stdio.h>\n{declared}int main(void)\n{{\n    printf(\"%ld\\n\", 0L{sum});\n}}\n"),
    )?;
    let makefile = "OBJECTS := $(patsubst $(S)/%.c,%.o,$(wildcard $(S)/*.c))\n\
                    prog: $(OBJECTS)\n\tgcc -o $@ $(OBJECTS)\n%.o: $(S)/%.c\n\tgcc -O1 -c -o $@ $<\n";
    fs::write(at.join("Makefile"), makefile)?;
    Ok(())
}
