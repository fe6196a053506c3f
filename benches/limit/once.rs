//! What is paid once: compiling a graph, starting the runner.

use std::process::{Command, Stdio};

use patchline_graph::{StreamSpec, compile};

use crate::cases;
use crate::measure::Rounds;

/// A time without a counterpart.
pub(crate) struct Once {
    pub(crate) what: &'static str,
    /// Milliseconds: lower quartile, median, upper quartile.
    pub(crate) ms: [f64; 3],
}

pub(crate) fn all(rounds: Rounds) -> Vec<Once> {
    let graph = cases::chain(1000);
    let stream = StreamSpec::new(48_000, 512, 2, 2);
    let compiled = rounds.time(|| drop(std::hint::black_box(compile(&graph, &stream))));
    let mut all = vec![Once { what: "compile a chain of 1000 nodes", ms: compiled.map(to_ms) }];
    match std::env::var_os("PATCHLINE_RUNNER") {
        Some(runner) => {
            let started = rounds.time(|| start(&runner));
            all.push(Once { what: "start the runner and check a patch", ms: started.map(to_ms) });
        }
        None => eprintln!("the runner's start is not timed: PATCHLINE_RUNNER does not name its binary"),
    }
    all
}

fn start(runner: &std::ffi::OsStr) {
    let patch = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/patches/seed-chain.toml");
    let status = Command::new(runner).args(["check", patch]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "`{}` cannot check {patch}", runner.to_string_lossy());
}

fn to_ms(nanoseconds: f64) -> f64 {
    nanoseconds / 1e6
}
