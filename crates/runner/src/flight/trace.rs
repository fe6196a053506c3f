//! The form for trace viewers: Chrome's trace events (the "Trace Event Format" document), which Perfetto reads as well.
//!
//! One track has the callbacks as slices, with the nodes of those that were timed nested in them, and marks where a
//! deadline was missed and where frames were lost; a counter has the load.

use std::time::Duration;

use patchline_graph::NodeSpan;
use patchline_io::flight::Call;
use serde::Serialize;
use serde_json::{Value, json};

use super::Snapshot;
use crate::live::Case;

/// The numbers of the process and of its one track: made up, as all in one file belongs together.
const PROCESS: u32 = 1;
const TRACK: u32 = 1;

#[derive(Serialize)]
pub(super) struct Trace<'a> {
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    about: Value,
    #[serde(rename = "traceEvents")]
    events: Vec<TraceEvent<'a>>,
}

/// One event. Times are in microseconds.
#[derive(Serialize)]
struct TraceEvent<'a> {
    name: &'a str,
    cat: &'static str,
    ph: &'static str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    /// How far the mark of an instant reaches: `t` is its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: Value,
}

impl<'a> Trace<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let Snapshot { device, host, rate, block, calls, spans, xruns, .. } = snapshot;
        let mut events: Vec<TraceEvent<'a>> = vec![
            TraceEvent::name("process_name", &format!("runner on {device} ({host})")),
            TraceEvent::name("thread_name", "audio callback"),
        ];
        for call in &calls.calls {
            events.extend(of_call(call, *rate));
        }
        events.extend(spans.spans.iter().map(of_span));
        events.extend(xruns.iter().filter_map(|case| of_xrun(case)));
        // A slice comes before those in it, as viewers want it; marks where they are.
        events.sort_by(|a, b| a.ts.total_cmp(&b.ts).then(b.dur.unwrap_or(0.0).total_cmp(&a.dur.unwrap_or(0.0))));
        let about = json!({
            "device": device, "host": host, "sample_rate_hz": rate, "block_frames": block,
            "calls_written": calls.written, "calls_torn": calls.torn,
            "spans_written": spans.written, "spans_torn": spans.torn, "spans_lost": spans.lost,
        });
        Self { unit: "ms", about, events }
    }
}

impl<'a> TraceEvent<'a> {
    fn new(name: &'a str, ph: &'static str, at: Duration, args: Value) -> Self {
        Self { name, cat: "audio", ph, ts: micros(at), dur: None, pid: PROCESS, tid: TRACK, s: None, args }
    }

    /// What a process or a track is called.
    fn name(what: &'a str, name: &str) -> Self {
        Self::new(what, "M", Duration::ZERO, json!({ "name": name }))
    }

    fn slice(name: &'a str, begins: Duration, lasts: Duration, args: Value) -> Self {
        Self { dur: Some(micros(lasts)), ..Self::new(name, "X", begins, args) }
    }

    fn mark(name: &'a str, at: Duration, args: Value) -> Self {
        Self { s: Some("t"), ..Self::new(name, "i", at, args) }
    }
}

/// A callback, its load, and a mark at its deadline if it missed that.
fn of_call(call: &Call, rate: u32) -> Vec<TraceEvent<'static>> {
    let Call { index, begins, lasts, frames, position, discontinuity } = *call;
    let period = call.period(rate);
    let load = lasts.as_secs_f64() / period.as_secs_f64().max(f64::MIN_POSITIVE);
    let about = json!({ "call": index, "frames": frames, "position": position, "discontinuity": discontinuity });
    let mut events = vec![
        TraceEvent::slice("callback", begins, lasts, about),
        TraceEvent::new("load", "C", begins, json!({ "percent": (load * 1e4).round() / 100.0 })),
    ];
    if lasts > period {
        let over = micros(lasts - period);
        events.push(TraceEvent::mark("deadline missed", begins + period, json!({ "call": index, "over_us": over })));
    }
    events
}

fn of_span(span: &NodeSpan) -> TraceEvent<'_> {
    let NodeSpan { node, call, begins, lasts, frames } = span;
    let name = node.as_deref().unwrap_or("(gone)");
    TraceEvent::slice(name, *begins, *lasts, json!({ "call": call, "frames": frames }))
}

/// An xrun where sound goes on; one after which nothing was called is not on the track.
fn of_xrun(case: &Case) -> Option<TraceEvent<'static>> {
    let cause = case.diagnosis.as_ref().map_or("unknown", |found| found.cause.word());
    let about = json!({
        "position": case.event.position, "lost_frames": case.lost(), "cause": cause, "text": case.text(),
    });
    case.at.map(|at| TraceEvent::mark("xrun", at, about))
}

/// To the nanosecond.
fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
