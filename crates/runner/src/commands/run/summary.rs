//! What a live run came to.

use patchline_graph::Stats;
use patchline_io::IoStats;
use patchline_patch::Checked;
use serde_json::{Value, json};

use super::session::End;
use crate::cli::RunArgs;
use crate::exit::Failure;
use crate::figures::Figures;
use crate::memory::Locked;
use crate::units::{clock, count, ms};
use crate::{output, report, style};

/// Everything there is to tell.
pub(super) struct Told<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) checked: &'a Checked,
    pub(super) device: IoStats,
    pub(super) figures: &'a Figures,
    pub(super) stats: Stats,
    pub(super) end: &'a End,
    /// Asked for where a clock drives the callback.
    pub(super) locked: Option<Locked>,
}

impl Told<'_> {
    pub(super) fn tell(&self) -> Result<(), Failure> {
        output::print(&if self.args.json { format!("{}\n", self.data()) } else { self.text() })
    }

    fn text(&self) -> String {
        let (rate, device) = (self.checked.stream.rate, &self.device);
        let mut out = format!(
            "{}: {} at {rate} Hz, {} frames in {}, {} ({} frames lost)\n",
            style::strong(&self.checked.loaded.name),
            clock(device.frames, rate),
            device.frames,
            count(device.blocks as usize, "block"),
            count(device.xruns as usize, "xrun"),
            device.frames_lost,
        );
        if device.losses > 0 {
            let losses = count(device.losses as usize, "time");
            out.push_str(&format!("the device was gone {losses}, {} frames long\n", device.frames_away));
        }
        if let Some(locked) = self.locked {
            out.push_str(&format!("{locked}\n"));
        }
        out.push_str(&report::closing(self.figures, &self.stats, &self.end.watch));
        out
    }

    fn data(&self) -> Value {
        let Checked { loaded, stream, schedule } = self.checked;
        let device = &self.device;
        let mut data = json!({
            "patch": loaded.name,
            "sample_rate": stream.rate,
            "frames": device.frames,
            "seconds": device.frames as f64 / f64::from(stream.rate),
            "blocks": device.blocks,
            "xruns": device.xruns,
            "frames_lost": device.frames_lost,
            "device_losses": device.losses,
            "frames_away": device.frames_away,
            "latency_frames": schedule.latency,
            "latency_ms": ms(schedule.latency, stream.rate),
            "memory_locked": self.locked.map(|locked| locked == Locked::Yes),
        });
        report::add_data(&mut data, self.figures, &self.stats, &self.end.watch);
        data["exit"] = json!(self.end.exit() as u8);
        data
    }
}
