//! Words from helper threads to the control side.

use std::sync::mpsc::Sender;

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
        if let Some(sender) = &self.0 {
            let report = Report { node: node.to_owned(), severity, message: message.into() };
            // A closed channel means that the engine is gone and nobody is left to tell.
            let _ = sender.send(report);
        }
    }
}
