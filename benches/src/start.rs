//! What starting the runner costs.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::measure::{Effort, Spread};
use crate::results::Quantity;

/// What there is, by name.
pub(crate) const NAME: &str = "starting the runner and checking a patch";

/// The time from the start of the runner to its end, where `PATCHLINE_RUNNER` names it.
pub(crate) fn start(effort: Effort, wanted: impl Fn(&str) -> bool) -> Option<Quantity> {
    if !wanted(NAME) {
        return None;
    }
    let Some(runner) = std::env::var_os("PATCHLINE_RUNNER") else {
        crate::progress("the runner's start is not timed: PATCHLINE_RUNNER does not name its binary");
        return None;
    };
    crate::progress(NAME);
    let samples = effort.share(2);
    let value = Spread::of((0..samples).map(|_| once(&runner)));
    Some(Quantity { goal: String::new(), case: NAME.to_owned(), unit: "ms".to_owned(), value, samples })
}

/// Milliseconds.
fn once(runner: &OsStr) -> f64 {
    let patch = crate::root().join("examples/patches/seed-chain.toml");
    let begin = Instant::now();
    let status = Command::new(runner).arg("check").arg(&patch).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let good = status.is_ok_and(|status| status.success());
    assert!(good, "`{}` cannot check {}", runner.to_string_lossy(), patch.display());
    begin.elapsed().as_secs_f64() * 1e3
}
