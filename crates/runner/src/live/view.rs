//! What is shown meanwhile: lines that stay in their place on a terminal, else a line each second.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Lines in a second of the stream on a terminal, and elsewhere.
const ON_TERMINAL: u64 = 10;
const ELSEWHERE: u64 = 1;

/// Lines at the bottom of a terminal, if there is one. Time is counted in frames.
pub(crate) struct View {
    bars: Vec<ProgressBar>,
    rate: u32,
    /// Times shown so far.
    shown: u64,
}

impl View {
    /// So many lines; none where stderr is no terminal, or `live` says no.
    pub(crate) fn new(rate: u32, lines: usize, live: bool) -> Self {
        let lines = if live && output::on_terminal() { lines } else { 0 };
        let line = || {
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is fixed");
            output::live().add(ProgressBar::new_spinner().with_style(style))
        };
        Self { bars: std::iter::repeat_with(line).take(lines).collect(), rate, shown: 0 }
    }

    /// Whether there are lines that stay in their place.
    pub(crate) fn is_live(&self) -> bool {
        !self.bars.is_empty()
    }

    /// Frames from one time to the next.
    pub(crate) fn period(&self) -> u64 {
        (u64::from(self.rate) / if self.is_live() { ON_TERMINAL } else { ELSEWHERE }).max(1)
    }

    /// Whether it is time to show something at this frame; that it is shown then is understood.
    pub(crate) fn is_due(&mut self, frames: u64) -> bool {
        let due = frames / self.period();
        let is_due = due > self.shown;
        self.shown = self.shown.max(due);
        is_due
    }

    /// Shows these lines in their place.
    pub(crate) fn show(&self, lines: impl IntoIterator<Item = String>) {
        for (bar, line) in self.bars.iter().zip(lines) {
            // Each line that changed is drawn once; setting it draws it.
            if bar.message() != line {
                bar.set_message(line);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bars.drain(..).for_each(|bar| bar.finish_and_clear());
    }
}
