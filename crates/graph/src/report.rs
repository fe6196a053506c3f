//! Words from helper threads to the control side.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use crate::{Frame, Frames};

/// How serious a report is.
///
/// ```
/// use patchline_graph::Severity;
///
/// assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something happened as it should (a file was opened, closed).
    Info,
    /// Something was lost or is degraded; the run goes on.
    Warning,
    /// Something stopped working.
    Error,
}

/// What a node's helper thread has to say.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{Report, Severity, StreamSpec, engine};
///
/// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// // Recorders have something to say, now and then; `trim` has not.
/// while let Some(Report { node, severity, message, .. }) = engine.next_report() {
///     if severity >= Severity::Warning {
///         eprintln!("{node}: {message}");
///     }
/// }
/// assert!(engine.next_report().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The node's name.
    pub node: String,
    /// How serious it is.
    pub severity: Severity,
    /// One sentence for the user, every number with its unit.
    pub message: String,
    /// The file that this is about, if it is about one that is complete now.
    pub written: Option<Written>,
}

/// A file that a node has written.
///
/// ```
/// use std::path::PathBuf;
///
/// use patchline_graph::Written;
///
/// let written = Written { path: PathBuf::from("take.wav"), first: 96_000, frames: 48_000, missing: None };
/// // Where it lies in a run at 48 kHz, in seconds.
/// assert_eq!((written.first / 48_000, (written.first + written.frames) / 48_000), (2, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// The stream's frame at which it begins.
    pub first: Frame,
    /// Frames that it holds.
    pub frames: Frames,
    /// Where what is missing from it is listed, if anything is.
    pub missing: Option<PathBuf>,
}

/// The sending end, held by helper threads. Never used on the audio thread: sending allocates.
///
/// ```
/// use std::path::PathBuf;
///
/// use patchline_graph::{PrepareSpec, Reports, Severity, Written};
///
/// /// What a recorder's thread does with [`PrepareSpec::reports`].
/// fn write(reports: &Reports, node: &str) {
///     reports.send(node, Severity::Info, "opened take.wav");
///     let written = Written { path: PathBuf::from("take.wav"), first: 0, frames: 48_000, missing: None };
///     reports.send_written(node, Severity::Info, "take.wav is complete: 1.0 s", written);
/// }
/// // Where nobody listens, as in the test of a node, nothing comes of it.
/// let spec = PrepareSpec { name: "rec".to_owned(), ..PrepareSpec::default() };
/// write(&spec.reports, &spec.name);
/// assert_eq!(spec.name, "rec");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reports(Option<Sender<Report>>);

impl Reports {
    pub(crate) fn new(sender: Sender<Report>) -> Self {
        Self(Some(sender))
    }

    /// Sends a report; without a listener it is dropped.
    pub fn send(&self, node: &str, severity: Severity, message: impl Into<String>) {
        self.give(Report { node: node.to_owned(), severity, message: message.into(), written: None });
    }

    /// Sends the report that a file is complete.
    pub fn send_written(&self, node: &str, severity: Severity, message: impl Into<String>, written: Written) {
        self.give(Report { node: node.to_owned(), severity, message: message.into(), written: Some(written) });
    }

    fn give(&self, report: Report) {
        if let Some(sender) = &self.0 {
            // A closed channel means that the engine is gone and nobody is left to tell.
            let _ = sender.send(report);
        }
    }
}
