//! The form for programs. docs/flight-recorder.md says what each field is.

use patchline_graph::NodeSpan;
use patchline_io::flight::{Call, Diagnosis};
use serde::Serialize;

use super::Snapshot;
use crate::live::Case;

/// Changes when a field changes its meaning or goes; new ones may come at any time.
const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct Log<'a> {
    format: &'static str,
    version: u32,
    device: &'a str,
    host: &'a str,
    sample_rate_hz: u32,
    block_frames: usize,
    taken_ns: u64,
    calls_written: u64,
    calls_torn: u64,
    calls: Vec<LoggedCall>,
    spans_written: u64,
    spans_torn: u64,
    spans_lost: u64,
    spans: Vec<LoggedSpan<'a>>,
    xruns: Vec<LoggedXrun<'a>>,
}

#[derive(Serialize)]
struct LoggedCall {
    index: u64,
    begins_ns: u64,
    lasts_ns: u64,
    frames: usize,
    position: u64,
    discontinuity: bool,
}

#[derive(Serialize)]
struct LoggedSpan<'a> {
    node: Option<&'a str>,
    call: u64,
    begins_ns: u64,
    lasts_ns: u64,
    frames: usize,
}

#[derive(Serialize)]
struct LoggedXrun<'a> {
    position: u64,
    lost_frames: u64,
    resumed_ns: Option<u64>,
    cause: &'static str,
    lasted_ns: Option<u64>,
    period_ns: Option<u64>,
    late_ns: Option<u64>,
    heaviest: Option<&'a str>,
    heaviest_ns: Option<u64>,
    text: String,
}

impl<'a> Log<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let Snapshot { device, host, rate, block, taken, calls, spans, xruns } = snapshot;
        Self {
            format: "patchline-flight",
            version: VERSION,
            device,
            host,
            sample_rate_hz: *rate,
            block_frames: *block,
            taken_ns: nanos(*taken),
            calls_written: calls.written,
            calls_torn: calls.torn,
            calls: calls.calls.iter().map(LoggedCall::of).collect(),
            spans_written: spans.written,
            spans_torn: spans.torn,
            spans_lost: spans.lost,
            spans: spans.spans.iter().map(LoggedSpan::of).collect(),
            xruns: xruns.iter().map(LoggedXrun::of).collect(),
        }
    }
}

impl LoggedCall {
    fn of(call: &Call) -> Self {
        let Call { index, begins, lasts, frames, position, discontinuity } = *call;
        Self { index, begins_ns: nanos(begins), lasts_ns: nanos(lasts), frames, position, discontinuity }
    }
}

impl<'a> LoggedSpan<'a> {
    fn of(span: &'a NodeSpan) -> Self {
        let NodeSpan { node, call, begins, lasts, frames } = span;
        let (begins_ns, lasts_ns) = (nanos(*begins), nanos(*lasts));
        Self { node: node.as_deref(), call: *call, begins_ns, lasts_ns, frames: *frames }
    }
}

impl<'a> LoggedXrun<'a> {
    fn of(case: &'a Case) -> Self {
        let found = case.diagnosis.as_ref();
        let heaviest = found.and_then(|found| found.heaviest.as_ref());
        let time = |of: fn(&Diagnosis) -> std::time::Duration| found.map(|found| nanos(of(found)));
        Self {
            position: case.event.position,
            lost_frames: case.lost(),
            resumed_ns: case.at.map(nanos),
            cause: found.map_or("unknown", |found| found.cause.word()),
            lasted_ns: time(|found| found.lasted),
            period_ns: time(|found| found.period),
            late_ns: time(|found| found.late),
            heaviest: heaviest.map(|(node, _)| node.as_str()),
            heaviest_ns: heaviest.map(|(_, time)| nanos(*time)),
            text: case.text(),
        }
    }
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
