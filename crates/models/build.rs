//! Takes `lapped.rs` of the engine, puts loom's atomics into it, and plants weakenings.

use std::path::Path;

const SOURCE: &str = "../graph/src/lapped.rs";

const RELEASED_SEAL: &str = "seal.store(2 * self.next, Ordering::Release)";
const RELEASED_COUNT: &str = "written.store(self.next, Ordering::Release)";

/// A weakening's name, and what it replaces in the source by what.
type Weakening = (&'static str, &'static [(&'static str, &'static str)]);

const WEAKENINGS: [Weakening; 5] = [
    ("sound", &[]),
    ("writer_without_fence", &[("        fence(Ordering::Release);\n", "")]),
    (
        "seal_before_words",
        &[
            (RELEASED_SEAL, "seal.store(2 * self.next, Ordering::Relaxed)"),
            (RELEASED_COUNT, "written.store(self.next, Ordering::Relaxed)"),
        ],
    ),
    ("reader_looks_once", &[("before == seal && after == seal", "{ let _ = after; before == seal }")]),
    ("reader_without_fence", &[("        fence(Ordering::Acquire);\n", "")]),
];

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let source = std::fs::read_to_string(SOURCE).expect("the engine's source is beside this");
    let (source, _) = source.split_once("#[cfg(test)]").expect("its tests are at its end");
    let code: String = source.lines().filter(|line| !line.starts_with("//!")).map(|line| format!("{line}\n")).collect();
    let code = replaced(&code, "std::sync::atomic", "loom::sync::atomic");
    // Loom's atomics cannot be made by a constant.
    let code = replaced(&code, "[const { AtomicU64::new(0) }; W]", "std::array::from_fn(|_| AtomicU64::new(0))");
    let folder = std::env::var_os("OUT_DIR").expect("cargo says where to");
    for (name, replacements) in WEAKENINGS {
        let weakened = replacements.iter().fold(code.clone(), |code, (from, to)| replaced(&code, from, to));
        std::fs::write(Path::new(&folder).join(format!("lapped_{name}.rs")), weakened).expect("it can be written");
    }
}

/// Fails the build where there is nothing to replace: then the source has changed, and this has to follow.
fn replaced(code: &str, from: &str, to: &str) -> String {
    assert!(code.contains(from), "{SOURCE} has no `{from}` any more");
    code.replace(from, to)
}
