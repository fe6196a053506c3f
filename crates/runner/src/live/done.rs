//! What a run came to.

use patchline_graph::{NodeCost, Stats, StreamSpec};
use patchline_io::load::Load;
use patchline_io::{DeviceSpec, IoStats};
use serde_json::{Value, json};

use super::Ended;
use super::cases::Causes;
use crate::advice::Advice;
use crate::exit::Exit;
use crate::figures::Figures;
use crate::latency::Latency;
use crate::memory::Locked;
use crate::rights::Rights;
use crate::units::{clock, count, frames_and_ms, percent};
use crate::watch::Watch;
use crate::{report, style};

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
    /// Frames that a block was asked to have.
    pub(super) block: Option<usize>,
    /// What helps against the xruns, if there were any.
    pub(super) advice: Option<Advice>,
    pub(crate) device: IoStats,
    /// Whose fault the xruns were.
    pub(super) causes: Causes,
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

impl Done {
    /// A broken promise outweighs the device, and the device a file.
    pub(crate) fn exit(&self) -> Exit {
        if self.broken.is_some() {
            return Exit::Broken;
        }
        match (self.watch.exit(), self.ended) {
            (Exit::Broken, _) => Exit::Broken,
            (_, Some(Ended::Xruns)) => Exit::Xruns,
            (_, Some(Ended::Device | Ended::Rate)) => Exit::Device,
            (exit, _) => exit,
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
        format!("{} at {rate} Hz, {}", clock(frames, rate), count(frames as usize, "frame"))
    }

    /// The device, what it lost, how its thread was scheduled, and what nodes have to say.
    pub(crate) fn text(&self) -> String {
        let DeviceSpec { name, rate, max_frames, .. } = &self.spec;
        let mut out = format!("on {}", place(name, self.host));
        let causes = self.causes.text();
        let IoStats { blocks, xruns, frames_lost, losses, frames_away, .. } = self.device;
        out.push_str(&format!(
            ", {} of {}, {} ({frames_lost} frames lost{}{})\n",
            count(blocks as usize, "block"),
            frames_and_ms(*max_frames as u64, *rate),
            count(xruns as usize, "xrun"),
            if causes.is_empty() { "" } else { "; " },
            causes,
        ));
        if losses > 0 {
            let losses = count(losses as usize, "time");
            out.push_str(&format!("the device was gone {losses}, {frames_away} frames long\n"));
        }
        out.push_str(&format!("{}\n", self.latency));
        if let Some(load) = &self.load {
            out.push_str(&format!("{}\n", busy(load, &self.costs, *rate)));
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
            "block_asked": self.block,
            "blocks": device.blocks,
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
            "frames_lost": device.frames_lost,
            "device_losses": device.losses,
            "frames_away": device.frames_away,
            "device_events_lost": device.events_lost,
            "memory_locked": self.locked.map(|locked| locked == Locked::Yes),
            "scheduling": self.rights.as_ref().map(Rights::data),
        });
        report::add_data(&mut data, &self.figures, &self.stats, &self.watch);
        data["callback_lost"] = json!(self.broken);
        data["exit"] = json!(self.exit() as u8);
        data
    }
}
