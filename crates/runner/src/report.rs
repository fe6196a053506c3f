//! The end of a run in figures, as text and as JSON.

use std::fmt::Write;

use patchline_graph::Stats;
use patchline_io::file::Level;
use serde_json::{Value, json};

use crate::figures::Figures;
use crate::meter::{bar, dbfs, signed};
use crate::units::count;
use crate::watch::Watch;
use crate::{document, style};

const TAKES: &str = "a string takes every text";

/// A line for each channel of the output: the bar is the RMS.
pub(crate) fn levels(levels: &[Level]) -> String {
    let mut out = String::new();
    for (channel, level) in levels.iter().enumerate() {
        let (peak, rms) = (dbfs(f64::from(level.peak())), dbfs(level.rms()));
        let (bar, peak, rms) = (bar(rms), signed(peak), signed(rms));
        writeln!(out, "  channel {channel:<3} {bar} rms {rms:>6} dBFS, peak {peak:>6} dBFS").expect(TAKES);
    }
    out
}

/// The same as data.
pub(crate) fn levels_data(levels: &[Level]) -> Value {
    let one = |level: &Level| {
        let (peak, rms) = (f64::from(level.peak()), level.rms());
        json!({ "peak": peak, "peak_dbfs": dbfs(peak), "rms": rms, "rms_dbfs": dbfs(rms) })
    };
    levels.iter().map(one).collect()
}

/// What nodes measured, what was not finite, what went wrong.
pub(crate) fn closing(figures: &Figures, stats: &Stats, watch: &Watch) -> String {
    let mut out = figures.text();
    out.push_str(&watch.files());
    let counts = [
        (stats.non_finite_inputs, "sample", "of the input not finite: heard as 0"),
        (stats.non_finite_feedback, "sample", "on feedback links not finite: replaced by 0"),
        (stats.non_finite_outputs, "sample", "of the output not finite: replaced by 0"),
        (stats.events_lost, "event", "did not fit the ring: unsaid"),
    ];
    for (number, thing, what) in counts.into_iter().filter(|(number, ..)| *number > 0) {
        writeln!(out, "{}: {} {what}", style::warning("warning"), count(number, thing)).expect(TAKES);
    }
    for fault in watch.faults() {
        writeln!(out, "{}: {fault}", style::error("error")).expect(TAKES);
    }
    out
}

/// Puts the fields that every report has into `report`, an object.
pub(crate) fn add_data(report: &mut Value, figures: &Figures, stats: &Stats, watch: &Watch) {
    report["readings"] = figures.data();
    report["non_finite"] = json!({
        "inputs": stats.non_finite_inputs,
        "feedback": stats.non_finite_feedback,
        "outputs": stats.non_finite_outputs,
    });
    report["slept_frames"] = json!(stats.slept);
    report["events_lost"] = json!(stats.events_lost);
    if let Value::Object(heard) = watch.data() {
        heard.into_iter().for_each(|(key, value)| report[key.as_str()] = value);
    }
    document::conclude(report, watch.failure().as_ref());
}
