//! The progress bar; only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use patchline_io::file::Progress;

use crate::output;
use crate::units::clock;

/// A bar that moves at most once for every so many frames.
const STEP: u64 = 16_384;

pub(super) struct Bar {
    bar: Option<ProgressBar>,
    next: u64,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = output::on_terminal().then(|| output::live().add(ProgressBar::no_length()));
        Self { bar, next: 0 }
    }

    pub(super) fn show(&mut self, progress: Progress, rate: u32) {
        let Some(bar) = &self.bar else { return };
        if progress.frames < self.next {
            return;
        }
        if let (0, Some(total)) = (self.next, progress.total) {
            let template = "  {bar:40.} {percent:>3} %  {msg}  {eta} left";
            bar.set_style(ProgressStyle::with_template(template).expect("the template is fixed"));
            bar.set_length(total);
        }
        self.next = progress.frames + STEP;
        bar.set_message(clock(progress.frames, rate));
        bar.set_position(progress.frames);
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
