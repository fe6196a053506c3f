//! What a render came to.

use std::path::PathBuf;

use patchline_graph::Stats;
use patchline_io::file::{CutInput, Level, Summary};
use patchline_patch::Loaded;
use serde_json::{Value, json};

use crate::cli::RenderArgs;
use crate::exit::Failure;
use crate::figures::Figures;
use crate::load::shown;
use crate::units::{clock, count};
use crate::watch::Watch;
use crate::{document, report, style};

/// Everything there is to tell.
pub(super) struct Told<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) args: &'a RenderArgs,
    pub(super) done: Summary,
    /// Files that were drawn of it.
    pub(super) pictures: Vec<PathBuf>,
    /// Why not all were.
    pub(super) undrawn: Option<Failure>,
    pub(super) figures: Figures,
    /// How many threads rendered, for programs and for people, where more than one was asked for.
    pub(super) threads: (Value, Option<String>),
    pub(super) watch: Watch,
    pub(super) stats: Stats,
    pub(super) hint: Option<String>,
}

impl Told<'_> {
    /// What was not as it should be.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.watch.failure().or_else(|| self.undrawn.clone())
    }

    /// The greatest |x| of all channels of the output, where there is one.
    pub(super) fn peak(&self) -> Option<f32> {
        self.done.channels.iter().map(Level::peak).reduce(f32::max)
    }

    /// What may not be as meant, a line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let clipped = self.done.written.map_or(0, |written| written.clipped);
        let Stats { non_finite_inputs, non_finite_feedback, non_finite_outputs, .. } = self.stats;
        let counts = [
            (clipped, "beyond full scale: held there"),
            (non_finite_inputs, "of the input not finite: heard as 0"),
            (non_finite_feedback + non_finite_outputs, "that the patch made not finite: replaced by 0"),
        ];
        let some = counts.into_iter().filter(|(number, _)| *number > 0);
        let counts = some.map(|(number, what)| format!("{} {what}", count(number, "sample")));
        self.cut().chain(counts).chain(self.watch.faults()).collect()
    }

    /// What is said of inputs that were cut short.
    fn cut(&self) -> impl Iterator<Item = String> {
        self.done.cut.iter().map(|CutInput { name, missing }| {
            let (name, missing) = (style::safe(name, 200), count(*missing, "frame"));
            format!("{name} is cut short: by its header, {missing} more should be there")
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Summary { frames, rate, channels, elapsed, .. } = &self.done;
        let length = format!("{} at {rate} Hz, {}", clock(*frames, *rate), count(*frames, "frame"));
        let mut out = match &self.args.output {
            Some(path) => {
                let (path, subtype) = (style::strong(shown(path)), self.args.subtype);
                format!("{path}: {length}, {}, {subtype}\n", count(channels.len(), "channel"))
            }
            None => format!("{}: {length}\n", style::strong(&self.loaded.name)),
        };
        let factor = self.done.real_time_factor();
        let threads = self.threads.1.as_ref().map_or_else(String::new, |threads| format!(", by {threads}"));
        out.push_str(&format!("rendered in {:.3} s, {factor:.0} × real time{threads}\n", elapsed.as_secs_f64()));
        for picture in &self.pictures {
            out.push_str(&format!("drawn: {}\n", shown(picture)));
        }
        out.push_str(&report::levels(channels));
        out.push_str(&report::closing(&self.figures, &self.stats, &self.watch));
        for cut in self.cut() {
            out.push_str(&format!("{}: {cut}\n", style::warning("warning")));
        }
        if let Some(written) = self.done.written.filter(|written| written.clipped > 0) {
            let clipped = written.clipped;
            let warning = style::warning("warning");
            out.push_str(&format!("{warning}: {} beyond full scale: held there\n", count(clipped, "sample")));
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("{}: {hint}\n", style::dim("hint")));
        }
        out
    }

    /// For programs.
    pub(super) fn data(&self) -> Value {
        let Summary { frames, rate, channels, elapsed, written, .. } = &self.done;
        let file = self.args.output.as_ref().map(|path| {
            json!({
                "path": shown(path),
                "subtype": self.args.subtype.name(),
                "bytes": written.map(|written| written.bytes),
                "clipped": written.map(|written| written.clipped),
            })
        });
        let mut report = json!({
            "patch": self.loaded.name,
            "output": file,
            "frames": frames,
            "sample_rate": rate,
            "seconds": *frames as f64 / f64::from(*rate),
            "elapsed_seconds": elapsed.as_secs_f64(),
            "real_time_factor": self.done.real_time_factor(),
            "peak": self.peak(),
            "channels": report::levels_data(channels),
            "inputs_cut": self.done.cut.iter().map(|cut| json!({ "input": cut.name, "missing_frames": cut.missing }))
                .collect::<Vec<_>>(),
            "hint": self.hint,
        });
        if !self.pictures.is_empty() {
            report["pictures"] = self.pictures.iter().map(|picture| json!(shown(picture))).collect();
        }
        report::add_data(&mut report, &self.figures, &self.stats, &self.watch);
        document::conclude(&mut report, self.failure().as_ref());
        if !self.threads.0.is_null() {
            report["threads"] = self.threads.0.clone();
        }
        report
    }
}
