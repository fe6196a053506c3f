//! The live status: one line on a terminal that stays in its place, else a line each second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use patchline_io::IoStats;

use crate::figures::Figures;
use crate::output;
use crate::units::{clock, count};

const TERMINAL_PERIOD: Duration = Duration::from_millis(100);
const PERIOD: Duration = Duration::from_secs(1);

pub(super) struct Status {
    bar: Option<ProgressBar>,
    rate: u32,
    next: Instant,
}

impl Status {
    pub(super) fn new(rate: u32) -> Self {
        let bar = output::on_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is fixed");
            output::live().add(ProgressBar::new_spinner().with_style(style))
        });
        let period = if bar.is_some() { TERMINAL_PERIOD } else { PERIOD };
        Self { bar, rate, next: Instant::now() + period }
    }

    /// Shows where the stream is, when it is time to.
    pub(super) fn show(&mut self, frames: u64, device: &IoStats, figures: &Figures) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let levels = figures.short();
        let line = format!("{}  {}  {levels}", clock(frames, self.rate), count(device.xruns as usize, "xrun"));
        match &self.bar {
            Some(bar) => {
                bar.set_message(line);
                bar.tick();
                self.next = now + TERMINAL_PERIOD;
            }
            None => {
                output::tell(line.trim_end());
                self.next = now + PERIOD;
            }
        }
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
