//! Words from helper threads to the control side.

use std::path::PathBuf;
use std::sync::mpsc::Sender;

use crate::{Frame, Frames};

/// How serious a report is.
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
