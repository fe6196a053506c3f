//! The live status: one line on a terminal that stays in its place, else a line each second.

use std::time::{Duration, Instant};

use patchline_io::load::Load;

use crate::live::{Live, View};
use crate::output;
use crate::units::{clock, count, percent};

/// From one line to the next while the device stands still.
const STILL: Duration = Duration::from_secs(5);

pub(super) struct Status {
    view: View,
    rate: u32,
    /// When a line is due even if nothing moves.
    still: Instant,
    /// What went on when that was last shown.
    state: String,
}

impl Status {
    pub(super) fn new(rate: u32) -> Self {
        Self { view: View::new(rate, 1, true), rate, still: Instant::now() + STILL, state: String::new() }
    }

    /// Shows how things are, when it is time to.
    pub(super) fn show(&mut self, live: &Live) {
        let state = live.state();
        let due = self.view.is_due(live.frames()) || (!self.state.is_empty() && state != self.state);
        if !due && Instant::now() < self.still {
            return;
        }
        self.still = Instant::now() + STILL;
        let load = live.load();
        let long = self.line(&state, live, load.as_ref());
        let fits = !self.view.is_live() || long.chars().count() <= output::width();
        let line = if fits { long } else { self.brief(&state, live, load.as_ref()) };
        self.state = state;
        if self.view.is_live() { self.view.show([line]) } else { output::status(&line) }
    }

    /// `0:12.345  playing  load 4 %, peak 9 %  0 xruns  latency 128 + 0 + 256 = 384 frames (8.00 ms)  level -12.3 dBFS`.
    fn line(&self, state: &str, live: &Live, load: Option<&Load>) -> String {
        if live.is_away() {
            return format!("{}  {state}", clock(live.frames(), self.rate));
        }
        let mut parts = vec![
            clock(live.frames(), self.rate),
            state.to_owned(),
            count(live.stats().xruns as usize, "xrun"),
            format!("latency {}", live.latency().short()),
        ];
        if let Some(load) = load {
            parts.insert(2, format!("load {}, peak {}", percent(load.mean), percent(load.peak)));
        }
        if let Some((granted, asked)) = live.other_block() {
            parts.push(format!("block {granted} ({asked} asked)"));
        }
        parts.extend(live.shed().short());
        let levels = live.figures().short();
        parts.extend((!levels.is_empty()).then_some(levels));
        parts.join("  ")
    }

    /// What matters most, for a narrow terminal: `0:12.345  playing  0 xruns  latency 8.00 ms  level -12.3 dBFS  load 4 % (9 %)`.
    fn brief(&self, state: &str, live: &Live, load: Option<&Load>) -> String {
        if live.is_away() {
            return self.line(state, live, load);
        }
        let xruns = count(live.stats().xruns as usize, "xrun");
        let latency = format!("latency {}", live.latency().in_ms());
        let mut parts = vec![clock(live.frames(), self.rate), state.to_owned(), xruns, latency];
        let levels = live.figures().short();
        parts.extend((!levels.is_empty()).then_some(levels));
        parts.extend(load.map(|load| format!("load {} ({})", percent(load.mean), percent(load.peak))));
        parts.extend(live.shed().short());
        parts.join("  ")
    }

    pub(super) fn clear(&mut self) {
        self.view.clear();
    }
}
