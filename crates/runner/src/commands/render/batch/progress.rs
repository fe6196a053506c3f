//! How far many renders are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Parts of a second of which a frame has a whole number at all usual rates: blocks add up to the files.
const PARTS: u64 = 705_600_000;

/// Sound rendered so far by all threads.
#[derive(Debug, Default)]
pub(super) struct Progress {
    parts: AtomicU64,
}

impl Progress {
    /// More frames were rendered, of `rate` Hz.
    pub(super) fn rendered(&self, frames: u64, rate: u32) {
        self.parts.fetch_add(frames * PARTS / u64::from(rate.max(1)), Ordering::Relaxed);
    }

    /// Seconds of sound.
    pub(super) fn seconds(&self) -> f64 {
        self.parts.load(Ordering::Relaxed) as f64 / PARTS as f64
    }
}

/// A bar of files; only on a terminal.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(files: usize) -> Self {
        let bar = || {
            let template = "  {bar:40.} {pos}/{len} files  {msg}  {eta} left";
            let style = ProgressStyle::with_template(template).expect("the template is fixed");
            output::live().add(ProgressBar::new(files as u64).with_style(style))
        };
        Self(output::on_terminal().then(bar))
    }

    pub(super) fn show(&self, files: usize, sound: f64, time: Duration) {
        let Some(bar) = &self.0 else { return };
        bar.set_message(format!("{:.0} × real time", sound / time.as_secs_f64().max(1e-3)));
        bar.set_position(files as u64);
    }

    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
