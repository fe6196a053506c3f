//! What a run remembers of its last minute, as files: for programs, and for trace viewers.

mod dumps;
mod log;
mod trace;

use std::time::Duration;

use clap::ValueEnum;
use patchline_graph::NodeSpans;
use patchline_io::flight::Calls;

use crate::live::Case;
pub(crate) use dumps::Dumps;

/// The memory of a run at some moment.
pub(crate) struct Snapshot {
    pub(crate) device: String,
    pub(crate) host: &'static str,
    /// Hz.
    pub(crate) rate: u32,
    /// Frames of the device's usual block.
    pub(crate) block: usize,
    /// When this was taken, by the clock of all times in it.
    pub(crate) taken: Duration,
    pub(crate) calls: Calls,
    pub(crate) spans: NodeSpans,
    /// Xruns whose cause was looked for.
    pub(crate) xruns: Vec<Case>,
}

/// What a file of it looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlightFormat {
    /// For ui.perfetto.dev and chrome://tracing.
    #[default]
    Trace,
    /// For programs: all figures in one JSON object (docs/flight-recorder.md).
    Json,
    /// One of each: FILE as a trace, and beside it FILE with the ending `.flight.json`.
    Both,
}

impl Snapshot {
    /// The file in a form that is not [`Both`](FlightFormat::Both).
    fn bytes(&self, format: FlightFormat) -> Vec<u8> {
        let text = match format {
            FlightFormat::Json => serde_json::to_vec(&log::Log::of(self)),
            FlightFormat::Trace | FlightFormat::Both => serde_json::to_vec(&trace::Trace::of(self)),
        };
        text.expect("plain data becomes JSON")
    }
}
