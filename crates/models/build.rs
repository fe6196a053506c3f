//! Takes sources of the engine, puts loom's atomics into them, and plants weakenings.

use std::path::Path;

/// What is replaced in a source by what.
type Replacements = &'static [(&'static str, &'static str)];

/// A source that is ours alone.
struct Source {
    path: &'static str,
    name: &'static str,
    /// Loom's in the place of the standard library's.
    loom: Replacements,
    /// By name.
    weakenings: &'static [(&'static str, Replacements)],
}

const RELEASED_SEAL: &str = "seal.store(2 * self.next, Ordering::Release)";
const RELEASED_COUNT: &str = "written.store(self.next, Ordering::Release)";

const LAPPED: Source = Source {
    path: "../graph/src/lapped.rs",
    name: "lapped",
    loom: &[
        ("std::sync::atomic", "loom::sync::atomic"),
        // Loom's atomics cannot be made by a constant.
        ("[const { AtomicU64::new(0) }; W]", "std::array::from_fn(|_| AtomicU64::new(0))"),
    ],
    weakenings: &[
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
    ],
};

const TEAM: Source = Source {
    path: "../graph/src/team/protocol.rs",
    name: "team",
    loom: &[
        (
            "#![allow(unsafe_code, reason = \"what a claim allows: the one place where threads share what is written\")]\n",
            "",
        ),
        ("use std::hint::spin_loop;", "use loom::hint::spin_loop;"),
        ("use std::sync::Arc;", "use loom::sync::Arc;"),
        ("use std::sync::atomic", "use loom::sync::atomic"),
        ("use super::cell::UnsafeCell;", "use loom::cell::UnsafeCell;"),
        ("use crate::spread::Need;", "use super::super::Need;"),
    ],
    weakenings: &[
        ("sound", &[]),
        (
            "begins_unseen",
            &[("State::new(piece, tasks).0, Ordering::Release", "State::new(piece, tasks).0, Ordering::Relaxed")],
        ),
        (
            "done_unseen",
            &[("self.lane.state.store(done.0, Ordering::Release)", "self.lane.state.store(done.0, Ordering::Relaxed)")],
        ),
        (
            "claims_by_storing",
            &[(
                "self.state.compare_exchange(seen.0, state.0, Ordering::Acquire, Ordering::Relaxed)",
                "{ self.state.store(state.0, Ordering::Relaxed); Ok::<u64, u64>(seen.0) }",
            )],
        ),
        (
            "waits_for_nothing",
            &[(
                "while !self.team.is_done(job, claim.state.piece(), need)",
                "while false && !self.team.is_done(job, claim.state.piece(), need)",
            )],
        ),
    ],
};

fn main() {
    for source in [LAPPED, TEAM] {
        source.write();
    }
}

impl Source {
    fn write(&self) {
        println!("cargo::rerun-if-changed={}", self.path);
        let source = std::fs::read_to_string(self.path).expect("the engine's source is beside this");
        let source = without_examples(&source);
        let (source, _) = source.split_once("#[cfg(test)]").expect("its tests are at its end");
        let lines = source.lines().filter(|line| !line.starts_with("//!"));
        let code: String = lines.map(|line| format!("{line}\n")).collect();
        let code = self.replaced(&code, self.loom);
        let folder = std::env::var_os("OUT_DIR").expect("cargo says where to");
        for (name, weakening) in self.weakenings {
            let weakened = self.replaced(&code, weakening);
            let file = format!("{}_{name}.rs", self.name);
            std::fs::write(Path::new(&folder).join(file), weakened).expect("it can be written");
        }
    }

    /// Fails the build where there is nothing to replace: then the source has changed, and this has to follow.
    fn replaced(&self, code: &str, replacements: Replacements) -> String {
        replacements.iter().fold(code.to_owned(), |code, (from, to)| {
            assert!(code.contains(from), "{} has no `{from}` any more", self.path);
            code.replace(from, to)
        })
    }
}

/// Without the examples of its documentation, which are of the engine's crate.
fn without_examples(source: &str) -> String {
    let mut inside = false;
    let is_code = |line: &&str| {
        let fence = line.trim_start().starts_with("/// ```");
        inside ^= fence;
        !fence && !inside
    };
    source.lines().filter(is_code).map(|line| format!("{line}\n")).collect()
}
