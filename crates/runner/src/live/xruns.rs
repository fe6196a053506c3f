//! Xruns as they are told: one at once, and what follows within a second in one line.

use patchline_io::{IoEvent, IoEventKind};
use tracing::{debug, warn};

use crate::units::count;

/// Tells of xruns, unless they are to be counted only.
pub(super) struct Xruns {
    rate: u32,
    silent: bool,
    /// Until this frame they are summed up.
    until: u64,
    /// Xruns not told of, frames lost in them, and the frame of the last one.
    untold: u64,
    lost: u64,
    last: u64,
    /// Whether some of them could not say how much was lost: of those not told of, and of all.
    vague: bool,
    ever_vague: bool,
}

impl Xruns {
    pub(super) fn new(rate: u32, silent: bool) -> Self {
        Self { rate, silent, until: 0, untold: 0, lost: 0, last: 0, vague: false, ever_vague: false }
    }

    /// One happened, which is told so.
    pub(super) fn happened(&mut self, event: &IoEvent, text: &str) {
        let IoEventKind::Xrun { lost, .. } = event.kind else { return };
        self.ever_vague |= lost == 0;
        if self.silent {
            return debug!("{text}");
        }
        self.pass(event.position);
        if event.position < self.until {
            self.untold += 1;
            self.lost += lost;
            self.last = event.position;
            self.vague |= lost == 0;
            return;
        }
        self.until = event.position + u64::from(self.rate);
        warn!("{text}");
    }

    /// The device is at this frame.
    pub(super) fn pass(&mut self, frame: u64) {
        if frame >= self.until && self.tell() {
            self.until = frame + u64::from(self.rate);
        }
    }

    /// Tells of all that was not told of yet; says whether there was any.
    pub(super) fn tell(&mut self) -> bool {
        let words = self.words();
        (self.untold, self.lost, self.vague) = (0, 0, false);
        words.inspect(|words| warn!("{words}")).is_some()
    }

    fn words(&self) -> Option<String> {
        let xruns = count(self.untold as usize, "more xrun");
        let (last, lost) = (self.last, lost(self.lost, self.vague));
        (self.untold > 0).then(|| format!("{xruns}, the last at frame {last}: {lost} lost"))
    }

    /// Whether to tell of them from now on.
    pub(super) fn keep_quiet(&mut self, silent: bool) {
        self.silent = silent;
    }

    /// Whether the frames lost in all xruns are known to the last one.
    pub(super) fn exact(&self) -> bool {
        !self.ever_vague
    }
}

/// `256 frames`, or as much as is known of them.
pub(super) fn lost(frames: u64, vague: bool) -> String {
    match (frames, vague) {
        (0, true) => "an unknown number of frames".to_owned(),
        (frames, true) => format!("at least {}", count(frames as usize, "frame")),
        (frames, false) => count(frames as usize, "frame"),
    }
}

#[cfg(test)]
mod tests {
    use patchline_io::Side;

    use super::*;

    fn at(position: u64) -> IoEvent {
        IoEvent { position, kind: IoEventKind::Xrun { lost: 10, side: Side::Both } }
    }

    #[test]
    fn what_follows_within_a_second_is_summed_up() {
        let mut xruns = Xruns::new(1_000, false);
        xruns.happened(&at(5_000), "xrun");
        assert_eq!(xruns.words(), None, "it was told at once");
        xruns.happened(&at(5_500), "xrun");
        xruns.happened(&at(5_900), "xrun");
        xruns.pass(5_999);
        assert_eq!(xruns.words().unwrap(), "2 more xruns, the last at frame 5900: 20 frames lost");
        xruns.pass(6_000);
        assert_eq!(xruns.words(), None);
        xruns.happened(&at(6_950), "xrun");
        assert_eq!(xruns.words().unwrap(), "1 more xrun, the last at frame 6950: 10 frames lost");
        xruns.pass(7_000);
        xruns.happened(&at(8_000), "xrun");
        assert_eq!(xruns.words(), None, "after a quiet second, one is told at once again");
    }

    #[test]
    fn what_is_not_known_to_be_lost_is_not_zero() {
        assert_eq!(
            [lost(0, true), lost(5, true), lost(1, false)].join(", "),
            "an unknown number of frames, at least 5 frames, 1 frame"
        );
        let unknown = |position| IoEvent { position, kind: IoEventKind::Xrun { lost: 0, side: Side::Output } };
        let mut xruns = Xruns::new(1_000, false);
        xruns.happened(&at(0), "xrun");
        assert!(xruns.exact());
        xruns.happened(&unknown(100), "xrun");
        xruns.happened(&at(200), "xrun");
        assert_eq!(xruns.words().unwrap(), "2 more xruns, the last at frame 200: at least 10 frames lost");
        assert!(!xruns.exact());
    }

    #[test]
    fn ignored_ones_are_not_told() {
        let mut xruns = Xruns::new(1_000, true);
        (0..3).for_each(|n| xruns.happened(&at(n), "xrun"));
        assert_eq!(xruns.words(), None);
    }
}
