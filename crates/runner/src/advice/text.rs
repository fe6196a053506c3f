//! Advice in words.

use std::fmt;

use super::{Advice, Cause, EASY, Heavy, Strain};
use crate::units::{count, frames_and_ms, percent};

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let xruns = count(usize::try_from(self.xruns).unwrap_or(usize::MAX), "xrun");
        match (self.cause, self.strain) {
            (Cause::Overload, Some(strain)) => write!(f, "{xruns}: {}", self.overload(strain)),
            (Cause::Peaks, Some(strain)) => write!(f, "{xruns}: {}", self.peaks(strain)),
            (Cause::Elsewhere, Some(strain)) => write!(f, "{xruns}, {}", self.elsewhere(strain)),
            (Cause::Unknown, _) | (_, None) => write!(f, "{xruns}: {}", self.unknown()),
        }
    }
}

impl Advice {
    fn overload(&self, strain: Strain) -> String {
        let rate = self.slower.map_or(String::new(), |rate| {
            let then = percent(strain.mean * f64::from(rate) / f64::from(self.rate));
            format!(", or play at {rate} Hz instead of {} (about {then})", self.rate)
        });
        let block = match self.longer {
            Some(longer) => format!("{} saves only the fixed cost of each call", self.block_of(longer)),
            None => "a longer block does not help".to_owned(),
        };
        let (takes, nodes) = (percent(strain.mean), self.each_node());
        let (lighter, late) = (self.lighter(), self.unless_real_time());
        format!("the patch takes {takes} of a block's time{nodes}; {lighter}{rate}; {block}{late}")
    }

    fn peaks(&self, strain: Strain) -> String {
        let average = format!("the patch takes {} of a block's time on average", percent(strain.mean));
        let room = if strain.peak < 1.0 { ", which leaves little for being called late" } else { "" };
        let help = match self.longer {
            Some(longer) if strain.mean < EASY => format!("{} would even that out", self.block_of(longer)),
            Some(longer) => {
                format!("{} would even that out; for more room {}", self.block_of(longer), self.lighter())
            }
            None => self.lighter().to_owned(),
        };
        let (nodes, peak) = (self.each_node(), percent(strain.peak.max(strain.mean)));
        format!("{average}{nodes}, and {peak} at worst{room}; {help}{}", self.unless_real_time())
    }

    fn elsewhere(&self, strain: Strain) -> String {
        let peak = percent(strain.peak.max(strain.mean));
        let late = match self.real_time {
            Some(false) => "the audio thread has no real-time scheduling and waits its turn (`runner doctor`)",
            Some(true) => "most likely the device, its server or another client of it was late",
            None => "the callback was called late, by the system or the device (`runner doctor`)",
        };
        let block =
            self.longer.map_or(String::new(), |longer| format!("; {} bridges such waits", self.block_of(longer)));
        format!("though the patch took at most {peak} of a block's time: {late}{block}")
    }

    fn unknown(&self) -> String {
        let block = self.longer.map_or("a longer block".to_owned(), |longer| self.block_of(longer));
        let lighter = match &self.nodes[..] {
            [] => "patch".to_owned(),
            [heaviest, ..] => format!("`{}` ({} of the patch's time)", heaviest.name, percent(heaviest.share)),
        };
        let late = self.unless_real_time();
        format!("how loaded the callback was is not known; {block} may help, as may a lighter {lighter}{late}")
    }

    // Parts of sentences.

    /// `, `reverb` alone 84 %, `eq` 20 %`
    fn each_node(&self) -> String {
        let each = |(index, node): (usize, &Heavy)| {
            let alone = if index == 0 { " alone" } else { "" };
            format!(", `{}`{alone} {}", node.name, percent(node.load))
        };
        self.nodes.iter().enumerate().map(each).collect()
    }

    fn lighter(&self) -> &'static str {
        match &self.nodes[..] {
            [] if self.profiled => "make the patch lighter (no node stands out)",
            [] => "make the patch lighter",
            [_] => "make that node lighter or leave it out",
            _ => "make those nodes lighter or leave some out",
        }
    }

    /// `a block of 512 frames (10.67 ms) instead of 128`
    fn block_of(&self, frames: usize) -> String {
        format!("a block of {} instead of {}", frames_and_ms(frames as u64, self.rate), self.block)
    }

    fn unless_real_time(&self) -> &'static str {
        match self.real_time {
            Some(false) => {
                ". Part of that time may be other programs': the audio thread has no real-time scheduling \
                 (`runner doctor`)"
            }
            _ => "",
        }
    }
}
