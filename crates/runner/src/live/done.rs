//! What a run came to.

use std::path::Path;

use patchline_graph::{NodeCost, Stats, StreamSpec};
use patchline_io::load::Load;
use patchline_io::{DeviceSpec, IoStats, LostReason};
use patchline_patch::OnXrun;
use serde_json::{Value, json};

use super::cases::Causes;
use super::player::Blocks;
use super::{Ended, Shed, Terms, xruns};
use crate::advice::Advice;
use crate::exit::{Exit, Failure, Outcome};
use crate::figures::Figures;
use crate::latency::Latency;
use crate::memory::Locked;
use crate::rights::Rights;
use crate::units::{clock, count, frames_and_ms, percent};
use crate::watch::Watch;
use crate::{document, report, style};

/// Nodes that take less of the time are not worth a word, nor are more of them.
const WORTH: f64 = 0.005;
const MOST_NODES: usize = 3;

/// What is left when all is closed.
pub(crate) struct Done {
    pub(super) host: &'static str,
    pub(crate) spec: DeviceSpec,
    pub(super) latency: Latency,
    pub(super) load: Option<Load>,
    /// What each node cost, the heaviest first.
    pub(super) costs: Vec<NodeCost>,
    /// On what terms it was played.
    pub(super) terms: Terms,
    /// The blocks that were played.
    pub(super) blocks: Blocks,
    /// What helps against the xruns, if there were any.
    pub(super) advice: Option<Advice>,
    pub(crate) device: IoStats,
    /// Whose fault the xruns were.
    pub(super) causes: Causes,
    /// Whether it could tell of every xrun what was lost.
    pub(super) exact: bool,
    /// Why the device last went, if it did, and the rate that it has now, in Hz.
    pub(super) loss: Option<LostReason>,
    pub(super) rate_now: u32,
    /// Optional nodes that were left out.
    pub(super) shed: Shed,
    /// How many threads rendered, and why no more; null where one was asked for.
    pub(super) threads: Value,
    pub(crate) stats: Stats,
    pub(crate) figures: Figures,
    pub(super) watch: Watch,
    pub(super) rights: Option<Rights>,
    pub(super) locked: Option<Locked>,
    pub(super) ended: Option<Ended>,
    /// Why the callback was lost, if it was.
    pub(super) broken: Option<String>,
}

/// `Scarlett 2i2 (alsa)`: a device and its host, if its name does not say that already.
pub(super) fn place(name: &str, host: &str) -> String {
    let safe = style::safe(name, 80);
    let says = name.to_lowercase().contains(host);
    if says { safe } else { format!("{safe} ({host})") }
}

/// `load: 12 % of the time, 31 % at worst, 0 blocks took too long; `eq` 8.1 %, `verb` 2.0 %`.
fn busy(load: &Load, costs: &[NodeCost], rate: u32) -> String {
    let late = count(load.overruns as usize, "block");
    let (mean, worst) = (percent(load.overall), percent(load.worst));
    let heaviest = costs.iter().filter(|cost| cost.load(rate) >= WORTH).take(MOST_NODES);
    let heaviest: Vec<String> = heaviest.map(|cost| format!("`{}` {}", cost.node, percent(cost.load(rate)))).collect();
    let nodes = if heaviest.is_empty() { String::new() } else { format!("; {}", heaviest.join(", ")) };
    format!("load: {mean} of the time, {worst} at worst, {late} took too long{nodes}")
}

/// `1125 blocks of 128 frames (2.67 ms)`, `40 blocks of 24 to 940 frames`.
fn blocks(blocks: &Blocks, rate: u32) -> String {
    let Blocks { count: number, shortest, longest } = *blocks;
    let number = count(number as usize, "block");
    match (shortest, longest) {
        (0, _) => number,
        (shortest, longest) if shortest == longest => format!("{number} of {}", frames_and_ms(longest, rate)),
        (shortest, longest) => format!("{number} of {shortest} to {longest} frames"),
    }
}

impl Done {
    /// Why it ended other than well, if it did: a broken promise outweighs the device, and the device a file.
    pub(crate) fn failure(&self) -> Option<Failure> {
        if let Some(broken) = &self.broken {
            return Some(Failure::new(Exit::Broken, broken.as_str()).said());
        }
        let ended = |exit, why: String| Some(Failure::new(exit, why).with("frame", self.stats.frames));
        match (self.watch.exit(), self.ended) {
            (Exit::Broken, _) => self.watch.failure(),
            (_, Some(Ended::Xruns)) => ended(Exit::Xruns, self.too_many_xruns()),
            (_, Some(Ended::Device)) => {
                let reason = self.loss.map_or_else(String::new, |reason| format!(": {reason}"));
                ended(
                    Exit::Device,
                    format!("the device was lost, and `on_device_loss = \"stop\"` ends the run{reason}"),
                )
            }
            (_, Some(Ended::Rate)) => {
                let (before, now) = (self.spec.rate, self.rate_now);
                ended(Exit::Device, format!("the device runs at {now} Hz now instead of {before} Hz: start again"))
            }
            _ => self.watch.failure(),
        }
    }

    /// The file that was written, if it was exactly one.
    pub(crate) fn only_file(&self) -> Option<&Path> {
        self.watch.only_file()
    }

    /// How a command ends that has told of this.
    pub(crate) fn outcome(&self) -> Outcome {
        self.failure().map_or(Ok(Exit::Ok), Err)
    }

    fn too_many_xruns(&self) -> String {
        match self.terms.most_xruns {
            Some(most) if self.terms.on_xrun != OnXrun::Stop => {
                format!("there were more xruns than `max_xruns = {most}` allows, which ends the run")
            }
            _ => "there was an xrun, and `on_xrun = \"stop\"` ends the run".to_owned(),
        }
    }

    /// The stream it was, as the device had it.
    pub(crate) fn stream(&self) -> StreamSpec {
        let DeviceSpec { rate, max_frames, inputs, outputs, .. } = self.spec;
        StreamSpec::new(rate, max_frames, inputs, outputs)
    }

    /// What ended it was no end: another device went on.
    pub(crate) fn forgive(&mut self) {
        self.ended = None;
    }

    /// Whether it ended because the device runs at another rate now.
    pub(crate) fn changed_rate(&self) -> bool {
        self.ended == Some(Ended::Rate)
    }

    /// Frames in time: `0:05.000 at 48000 Hz, 240000 frames`.
    pub(crate) fn length(&self) -> String {
        let (frames, rate) = (self.stats.frames, self.spec.rate);
        format!("{} at {rate} Hz, {}", clock(frames, rate), count(frames, "frame"))
    }

    /// The device, what it lost, how its thread was scheduled, and what nodes have to say.
    pub(crate) fn text(&self) -> String {
        let DeviceSpec { name, rate, .. } = &self.spec;
        let IoStats { xruns, losses, frames_away, clipped, not_finite, .. } = self.device;
        let (blocks, lost) = (blocks(&self.blocks, *rate), self.lost());
        let (xruns, causes) = (count(xruns as usize, "xrun"), self.causes.text());
        let gap = if causes.is_empty() { "" } else { "; " };
        let mut out = format!("on {}, {blocks}, {xruns} ({lost} lost{gap}{causes})\n", place(name, self.host));
        if losses > 0 {
            let losses = count(losses as usize, "time");
            let long = frames_and_ms(frames_away, *rate);
            out.push_str(&format!("the device was gone {losses}, {long} long\n"));
        }
        out.push_str(&format!("{}\n", self.latency));
        if let Some(reloads) = self.watch.reloads() {
            out.push_str(&format!("{reloads}\n"));
        }
        if let Some(load) = &self.load {
            out.push_str(&format!("{}\n", busy(load, &self.costs, *rate)));
        }
        if let Some(shed) = self.shed.text() {
            out.push_str(&format!("{shed}\n"));
        }
        if let Some(rights) = &self.rights {
            out.push_str(&format!("{rights}\n"));
        }
        if let Some(locked) = self.locked {
            out.push_str(&format!("{locked}\n"));
        }
        if let Some(advice) = &self.advice {
            out.push_str(&format!("{advice}\n"));
        }
        let edges = [
            (clipped, "beyond what the device's format holds: clipped; play softer"),
            (not_finite, "at the device's edge not finite: heard as 0"),
        ];
        for (number, what) in edges.into_iter().filter(|(number, _)| *number > 0) {
            out.push_str(&format!("{}: {} {what}\n", style::warning("warning"), count(number, "sample")));
        }
        for note in &self.spec.notes {
            out.push_str(&format!("note: {}\n", style::safe(note, 300)));
        }
        if let Some(broken) = &self.broken {
            out.push_str(&format!("{}: {broken}\n", style::error("error")));
        }
        out.push_str(&report::closing(&self.figures, &self.stats, &self.watch));
        out
    }

    /// The same for programs.
    pub(crate) fn data(&self) -> Value {
        let device = &self.device;
        let mut data = json!({
            "device": self.spec.name,
            "host": self.host,
            "sample_rate": self.spec.rate,
            "frames": self.stats.frames,
            "seconds": self.stats.frames as f64 / f64::from(self.spec.rate),
            "block": self.spec.max_frames,
            "block_asked": self.terms.block,
            "calls": device.blocks,
            "blocks": self.blocks.count,
            "shortest_block": self.blocks.shortest,
            "longest_block": self.blocks.longest,
            "inputs": self.spec.inputs,
            "outputs": self.spec.outputs,
            "latency": self.latency.data(),
            "load": self.load.map(|load| json!({
                "mean": load.overall, "worst": load.worst, "overruns": load.overruns, "blocks": load.blocks,
            })),
            "nodes": self.costs.iter().map(|cost| json!({
                "node": cost.node, "load": cost.load(self.spec.rate), "nanoseconds_per_frame": cost.nanoseconds,
                "share": cost.share, "samples": cost.samples,
            })).collect::<Vec<_>>(),
            "advice": self.advice.as_ref().map(Advice::data),
            "notes": self.spec.notes,
            "xruns": device.xruns,
            "xrun_causes": self.causes.data(),
            "left_out": self.shed.data(),
            "frames_lost": device.frames_lost,
            "frames_lost_exact": self.exact,
            "device_losses": device.losses,
            "frames_away": device.frames_away,
            "clipped": device.clipped,
            "not_finite": device.not_finite,
            "device_events_lost": device.events_lost,
            "memory_locked": self.locked.map(|locked| locked == Locked::Yes),
            "scheduling": self.rights.as_ref().map(Rights::data),
        });
        report::add_data(&mut data, &self.figures, &self.stats, &self.watch);
        data["callback_lost"] = json!(self.broken);
        if !self.threads.is_null() {
            data["threads"] = self.threads.clone();
        }
        document::conclude(&mut data, self.failure().as_ref());
        data
    }

    fn lost(&self) -> String {
        xruns::lost(self.device.frames_lost, !self.exact)
    }
}
