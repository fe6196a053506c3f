//! What a system gives, and WebAssembly without one (`wasm32-unknown-unknown`, as in a browser) has not.

use jiff::civil::{DateTime, date};
use patchline_graph::NodeError;

/// Whether there are files, threads and a clock.
const SYSTEM: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// The local time; where there is no clock, the beginning of 1970.
///
/// ```
/// use patchline_nodes::{Surroundings, now};
///
/// // Two recorders of one run, whose file names have the same date and time.
/// let start = now();
/// let [host, guest] = ["host", "guest"].map(|name| Surroundings { start, ..Surroundings::new(name, ".".as_ref()) });
/// assert_eq!(host.start, guest.start);
/// ```
#[must_use]
pub fn now() -> DateTime {
    if SYSTEM { jiff::Zoned::now().datetime() } else { date(1970, 1, 1).at(0, 0, 0, 0) }
}

/// Refuses what `parameter` names where there are no files.
pub(crate) fn needs_files(parameter: &'static str) -> Result<(), NodeError> {
    let none = || NodeError::of(parameter, "there are no files here, as this is WebAssembly without a system");
    if SYSTEM { Ok(()) } else { Err(none()) }
}
