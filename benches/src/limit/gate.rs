//! The decision of the seeds' gate, as [`crate::workload::Workload::Seeds`] defines it.

/// Frames from one decision to the next, and how many of these are looked back on.
pub(super) const HOP: usize = 60;
const HOPS: usize = 8;
/// Frames of the hold, and of the way to silence.
const HOLD: usize = 48_000;
const RELEASE: usize = 960;
/// Sums of squares of 8 hops of both channels where it opens, and where it may close.
const OPENS: f32 = threshold(0.02);
const CLOSES: f32 = threshold(0.015);

const fn threshold(rms: f64) -> f32 {
    (rms * rms * (HOPS * HOP * 2) as f64) as f32
}

#[derive(Default)]
pub(super) struct Gate {
    /// Sums of squares of the last hops; `next` is the oldest.
    sums: [f32; HOPS],
    next: usize,
    open: bool,
    /// Frames since it was first found too low.
    low_for: Option<usize>,
    /// Frames left of the way to silence.
    release: usize,
}

/// What the gate lets through in the present hop.
pub(super) enum Passes {
    All,
    Nothing,
    Less,
}

impl Gate {
    #[inline(always)]
    pub(super) fn passes(&self) -> Passes {
        match (self.open, self.release) {
            (true, _) => Passes::All,
            (false, 0) => Passes::Nothing,
            (false, _) => Passes::Less,
        }
    }

    /// Ends a hop with this sum of squares.
    #[inline(always)]
    pub(super) fn end_hop(&mut self, squares: f32) {
        self.sums[self.next] = squares;
        self.next = (self.next + 1) % HOPS;
        let sum: f32 = self.sums.iter().sum();
        if !self.open {
            self.open = sum > OPENS;
            return;
        }
        if sum >= CLOSES {
            self.low_for = None;
            return;
        }
        let low_for = self.low_for.map_or(0, |frames| frames + HOP);
        self.low_for = Some(low_for);
        if low_for >= HOLD {
            (self.open, self.low_for, self.release) = (false, None, RELEASE);
        }
    }

    /// Fades frames out, as far as the way to silence goes.
    #[cold]
    pub(super) fn release(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (left, right) in left.iter_mut().zip(right) {
            self.release = self.release.saturating_sub(1);
            let done = (RELEASE - self.release) as f32 * (1.0 / RELEASE as f32);
            let gain = if self.release == 0 { 0.0 } else { 1.0 + (0.0 - 1.0) * done };
            *left *= gain;
            *right *= gain;
        }
    }
}
