//! What the echoes come to.

use super::probe::Echo;
use crate::units::count;

/// An echo stands out: its peak is above this, full scale being 1, …
const LEAST_PEAK: f32 = 1e-3;
/// … and as many times above the RMS around it. Noise has 3 to 5, a room's echo of a click above 10.
const LEAST_CREST: f64 = 8.0;
/// A spread above this, in frames, is no jitter: echoes of earlier impulses are staggered by more.
const ODD_SPREAD: u64 = 30;

/// How long impulses took.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RoundTrip {
    /// Where each impulse that was heard was sent, and after how many frames it was heard.
    pub(super) latencies: Vec<(u64, u64)>,
    /// Impulses of which nothing was heard.
    pub(super) missed: usize,
    /// Impulses during which the device lost frames.
    pub(super) interrupted: usize,
    /// The loudest sample of all.
    pub(super) loudest: f32,
    /// The channel on which the loudest was heard.
    pub(super) channel: usize,
}

impl RoundTrip {
    pub(super) fn new(echoes: &[Echo]) -> Self {
        let mut found = Self::default();
        for echo in echoes {
            if echo.peak > found.loudest {
                (found.loudest, found.channel) = (echo.peak, echo.channel);
            }
            match () {
                () if echo.interrupted => found.interrupted += 1,
                () if stands_out(echo) => found.latencies.push((echo.sent, echo.heard - echo.sent)),
                () => found.missed += 1,
            }
        }
        found
    }

    /// Impulses that were waited for, to whatever end.
    pub(super) fn heard(&self) -> usize {
        self.latencies.len() + self.missed + self.interrupted
    }

    fn frames(&self) -> impl Iterator<Item = u64> {
        self.latencies.iter().map(|(_, latency)| *latency)
    }

    /// In frames.
    pub(super) fn mean(&self) -> Option<f64> {
        let sum: u64 = self.frames().sum();
        (!self.latencies.is_empty()).then(|| sum as f64 / self.latencies.len() as f64)
    }

    /// The standard deviation, in frames.
    pub(super) fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares: f64 = self.frames().map(|latency| (latency as f64 - mean).powi(2)).sum();
        Some((squares / self.latencies.len() as f64).sqrt())
    }

    /// The shortest and the longest, in frames.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        self.frames().min().zip(self.frames().max())
    }

    /// What casts doubt on the result.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.interrupted > 0 {
            let impulses = count(self.interrupted, "impulse");
            remarks.push(format!("{impulses} left out, because the device lost frames meanwhile"));
        }
        if self.missed > 0 && !self.latencies.is_empty() {
            remarks.push(format!("{} not heard: the path is too noisy or too soft", count(self.missed, "impulse")));
        }
        if self.range().is_some_and(|(least, most)| most - least > ODD_SPREAD) {
            remarks.push(
                "the times differ: either the path changes its latency, or it is longer than --interval, and echoes of \
                 earlier impulses were heard"
                    .to_owned(),
            );
        }
        remarks
    }
}

fn stands_out(echo: &Echo) -> bool {
    echo.peak >= LEAST_PEAK && f64::from(echo.peak) >= LEAST_CREST * echo.rms
}
