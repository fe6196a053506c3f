//! Builds of this program under RealtimeSanitizer and ThreadSanitizer, whose runtimes come with Rust.
#![allow(unsafe_code, reason = "a data race, planted")]

use std::cell::UnsafeCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::cargo::{self, cargo};
use crate::planted::{Place, Tool};
use crate::row::Row;
use crate::run;

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What ThreadSanitizer's runtime exits with when it has found something.
const TSAN_EXIT: i32 = 66;

/// Where a sanitizer's runtime lies, if Rust's installation has it.
fn runtime(name: &str) -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("only on Linux on x86-64".to_owned());
    }
    let (_, said, _) = cargo::capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    let folder = Path::new(said.trim()).join("lib/rustlib").join(TARGET).join("lib");
    let files = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = files.flatten().map(|file| file.path());
    // The name tells the channel: librustc-stable_rt.rtsan.a.
    let is_it = |path: &PathBuf| path.to_string_lossy().ends_with(&format!("_rt.{name}.a"));
    paths.find(is_it).ok_or_else(|| format!("{} has no runtime of {name}", folder.display()))
}

/// Every node under RealtimeSanitizer, and what is planted for it.
pub(crate) fn rtsan(callbacks: usize) -> Vec<Row> {
    let what = "nothing that may block, in any function of the C library";
    let library = match runtime("rtsan") {
        Ok(library) => library,
        Err(reason) => return vec![Row::left_out(what, "rtsan", reason)],
    };
    let mut build = cargo(&["build", "--quiet"]);
    build.args(packages()).args(["--features", "patchline-proofs/rtsan", "--bin", "proofs-rtsan"]);
    build.env("RTSAN_ENABLE", "1").env("RTSAN_LIB_PATH", library);
    match cargo::run(&mut build) {
        Ok(()) => {
            let program = cargo::target().join("debug/proofs-rtsan");
            let mut rows = run::rows_of(Command::new(&program).args(["sanitized", &callbacks.to_string()]), "rtsan");
            rows.extend(
                [Place::Callback, Place::Worker].map(|place| run::planted_row(Tool::Rtsan, place, &[], &program)),
            );
            rows
        }
        Err(error) => vec![Row::judge(what, "rtsan", Err(format!("it does not build: {error}")))],
    }
}

/// The packages that are built together: if they are those of all other builds, nothing is built twice.
fn packages() -> Vec<String> {
    let words = std::env::var("PATCHLINE_EVERYTHING").unwrap_or_else(|_| "-p patchline-proofs".to_owned());
    words.split_whitespace().map(str::to_owned).collect()
}

/// The engine's hand-over under ThreadSanitizer, and a race planted for it.
pub(crate) fn tsan(swaps: u64) -> Vec<Row> {
    let what = "no data race while graphs replace each other";
    if let Err(reason) = runtime("tsan") {
        return vec![Row::left_out(what, "tsan", reason)];
    }
    let folder = cargo::target().join("tsan");
    let mut build = cargo(&["build", "--quiet", "-p", "patchline-proofs", "--bin", "proofs", "--target", TARGET]);
    build.arg("--target-dir").arg(&folder).env("RUSTC_BOOTSTRAP", "1");
    build.env("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer");
    match cargo::run(&mut build) {
        Ok(()) => {
            let program = folder.join(TARGET).join("debug/proofs");
            let mut rows =
                run::rows_of(Command::new(&program).args(["swaps", &swaps.to_string(), "--unguarded"]), "tsan");
            rows.push(Row::judge("a planted data race is flagged", "tsan", planted_race(&program)));
            rows
        }
        Err(error) => vec![Row::judge(what, "tsan", Err(format!("it does not build: {error}")))],
    }
}

/// Rust's own library is not built for this sanitizer, which therefore sees a race where a thread's result is dropped.
fn options() -> String {
    let file = cargo::target().join("proofs/tsan-suppressions.txt");
    let written = std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
        .and_then(|()| std::fs::write(&file, "race:std::thread::lifecycle::Packet\n"));
    // Without it there may be a false alarm, never a miss.
    written.map(|()| format!("suppressions={}", file.display())).unwrap_or_default()
}

fn planted_race(program: &Path) -> Result<String, String> {
    match cargo::capture(Command::new(program).arg("race").env("TSAN_OPTIONS", options()))? {
        (Some(TSAN_EXIT), _, said) if said.contains("sanitizers::race") => Ok("1 of 1".to_owned()),
        (code, _, said) => Err(format!("exit code {code:?}: {said}")),
    }
}

/// Two threads write to one place without a word.
pub(crate) fn race() {
    struct Shared(UnsafeCell<u64>);
    // SAFETY: there is none: this is the race that must be flagged.
    unsafe impl Sync for Shared {}
    let shared = Shared(UnsafeCell::new(0));
    let write = |shared: &Shared| {
        for number in 0..100_000 {
            // SAFETY: the memory is there; that two write to it at once is what is planted.
            unsafe { shared.0.get().write_volatile(number) };
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| write(&shared));
        scope.spawn(|| write(&shared));
    });
}
