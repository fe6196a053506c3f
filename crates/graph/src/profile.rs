//! Taking the time of steps, in some calls of `render` and not in the others.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::TimeSource;
use crate::cost::CostCells;
use crate::event::Instance;
use crate::span::{RawSpan, SpanWriter};
use crate::stats::Counter;

/// What the control side asks for, and what is found outside of all nodes.
#[derive(Debug, Default)]
pub(crate) struct ProfileCells {
    /// One call in so many is timed; 0 is none.
    every: AtomicU32,
    pub(crate) rest: CostCells,
    /// Runs that were to be noted one by one, and had no room where they were.
    pub(crate) spans_lost: Counter,
}

impl ProfileCells {
    pub(crate) fn ask(&self, every: Option<NonZeroU32>) {
        self.every.store(every.map_or(0, NonZeroU32::get), Ordering::Relaxed);
    }
}

/// Chooses the calls that are timed. Lives on the audio thread.
pub(crate) struct Sampler {
    cells: Arc<ProfileCells>,
    time: TimeSource,
    /// Where each run of a node is noted; `None` where nobody reads it, and while a call is timed.
    spans: Option<SpanWriter>,
    /// Calls until the next one that is timed.
    left: u64,
    dice: u32,
}

/// A processor whose time is taken.
pub(crate) struct Watched {
    pub(crate) cost: Arc<CostCells>,
    pub(crate) instance: Instance,
}

impl Sampler {
    pub(crate) fn new(cells: Arc<ProfileCells>, time: TimeSource, spans: Option<SpanWriter>) -> Self {
        Self { cells, time, spans, left: 0, dice: 0x9e37_79b9 }
    }

    /// Whether no call is.
    #[inline(always)]
    pub(crate) fn is_off(&self) -> bool {
        self.cells.every.load(Ordering::Relaxed) == 0
    }

    /// Whether this call is to be timed.
    #[inline]
    pub(crate) fn due(&mut self) -> bool {
        let every = self.cells.every.load(Ordering::Relaxed);
        every != 0 && self.counts_down(u64::from(every))
    }

    /// Begins to time a call.
    pub(crate) fn stopwatch(&mut self, call: u64) -> Stopwatch {
        Stopwatch { call, ..Stopwatch::start(Arc::clone(&self.cells), self.time.clone(), self.spans.take()) }
    }

    /// A call of `frames` frames that was timed is over.
    pub(crate) fn stop(&mut self, watch: Stopwatch, frames: usize) {
        self.spans = watch.stop(frames);
    }

    /// Distances are random around `every`: what a node does at each 8th block is neither always met nor never.
    #[cold]
    fn counts_down(&mut self, every: u64) -> bool {
        let widest = 2 * every - 1;
        if self.left == 0 || self.left > widest {
            // Marsaglia, Xorshift RNGs, 2003.
            self.dice ^= self.dice << 13;
            self.dice ^= self.dice >> 17;
            self.dice ^= self.dice << 5;
            self.left = 1 + u64::from(self.dice) % widest;
        }
        self.left -= 1;
        self.left == 0
    }
}

/// Sees the steps of a call go by.
pub(crate) trait Watch {
    /// The step `op` of the plan, a processor, and the steps before it have run over `frames` frames.
    fn ran(&mut self, watched: &[Option<Watched>], op: usize, frames: usize);

    /// Something has been done that belongs to no node.
    fn rest(&mut self);

    /// The clock, for others to take times by, if it looks at one.
    fn time(&self) -> Option<&TimeSource> {
        None
    }

    /// A node was timed by others.
    fn note(&mut self, _span: RawSpan) {}

    /// So many more were timed, of which nothing else is known.
    fn lose(&mut self, _spans: u64) {}

    /// What was done until now was timed by others.
    fn skip(&mut self) {}
}

/// Does not look: what `render` runs with when nobody asked.
impl Watch for () {
    #[inline(always)]
    fn ran(&mut self, _watched: &[Option<Watched>], _op: usize, _frames: usize) {}

    #[inline(always)]
    fn rest(&mut self) {}
}

/// Reads the clock once for each processor.
pub(crate) struct Stopwatch {
    time: TimeSource,
    last: Duration,
    call: u64,
    cells: Arc<ProfileCells>,
    spans: Option<SpanWriter>,
}

impl Stopwatch {
    fn start(cells: Arc<ProfileCells>, time: TimeSource, spans: Option<SpanWriter>) -> Self {
        Self { last: time.now(), call: 0, time, cells, spans }
    }

    /// The call of `frames` frames is over.
    fn stop(mut self, frames: usize) -> Option<SpanWriter> {
        let time = self.lap();
        self.cells.rest.add(time, frames);
        self.spans
    }

    fn lap(&mut self) -> Duration {
        let now = self.time.now();
        now.saturating_sub(std::mem::replace(&mut self.last, now))
    }
}

impl Watch for Stopwatch {
    fn ran(&mut self, watched: &[Option<Watched>], op: usize, frames: usize) {
        let begins = self.last;
        let lasts = self.lap();
        let Some(Watched { cost, instance }) = &watched[op] else { return };
        cost.add(lasts, frames);
        self.note(RawSpan { instance: *instance, call: self.call, begins, lasts, frames });
    }

    fn rest(&mut self) {
        let time = self.lap();
        self.cells.rest.add(time, 0);
    }

    fn time(&self) -> Option<&TimeSource> {
        Some(&self.time)
    }

    fn note(&mut self, span: RawSpan) {
        if let Some(spans) = &mut self.spans {
            spans.write(RawSpan { call: self.call, ..span }.words());
        }
    }

    fn lose(&mut self, spans: u64) {
        if self.spans.is_some() {
            self.cells.spans_lost.add(spans);
        }
    }

    fn skip(&mut self) {
        self.lap();
    }
}

/// What timing a step that does nothing takes by this clock, in nanoseconds: the least of some tries.
pub(crate) fn lap_nanoseconds(time: &TimeSource) -> f64 {
    const LAPS: u32 = 32;
    let round = || {
        let watched = [Some(Watched { cost: Arc::default(), instance: Instance::default() })];
        let mut watch = Stopwatch::start(Arc::default(), time.clone(), None);
        let began = watch.last;
        (0..LAPS).for_each(|_| watch.ran(std::hint::black_box(&watched), 0, 1));
        watch.last.saturating_sub(began)
    };
    let least = (0..32).map(|_| round()).min().unwrap_or_default();
    least.as_nanos() as f64 / f64::from(LAPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(sampler: &mut Sampler, calls: usize) -> Vec<usize> {
        (0..calls).filter(|_| sampler.due()).collect()
    }

    #[test]
    fn one_call_in_so_many_is_timed_at_irregular_distances() {
        let cells = Arc::new(ProfileCells::default());
        let mut sampler = Sampler::new(Arc::clone(&cells), TimeSource::monotonic(), None);
        assert_eq!(timed(&mut sampler, 1_000), []);
        for every in [1, 2, 8, 64] {
            cells.ask(NonZeroU32::new(every));
            let calls = 4_000 * every as usize;
            let due = timed(&mut sampler, calls);
            // The mean of 4000 distances that are uniform over 2 every: its deviation is below 1 %.
            assert!((3_800..=4_200).contains(&due.len()), "{} of {calls}, every {every}", due.len());
            if every > 1 {
                let met: std::collections::HashSet<usize> = due.iter().map(|call| call % 8).collect();
                assert_eq!(met.len(), 8, "work at each 8th call is met, every {every}");
            }
        }
        cells.ask(None);
        assert_eq!(timed(&mut sampler, 1_000), []);
    }

    #[test]
    fn a_shorter_distance_counts_at_once() {
        let cells = Arc::new(ProfileCells::default());
        let mut sampler = Sampler::new(Arc::clone(&cells), TimeSource::monotonic(), None);
        cells.ask(Some(NonZeroU32::MAX));
        assert_eq!(timed(&mut sampler, 10), []);
        cells.ask(Some(NonZeroU32::MIN));
        assert_eq!(timed(&mut sampler, 10).len(), 10);
    }

    #[test]
    fn laps_add_up_to_the_whole() {
        let nodes = [(); 2].map(|()| Some(Watched { cost: Arc::default(), instance: Instance::default() }));
        let cells = Arc::new(ProfileCells::default());
        let mut watch = Stopwatch::start(Arc::clone(&cells), TimeSource::monotonic(), None);
        let began = watch.last;
        for (run, frames) in [(0, 64), (1, 64), (0, 36), (1, 36)] {
            watch.rest();
            watch.ran(&nodes, run, frames);
        }
        let spent = watch.last.saturating_sub(began);
        let outside = cells.rest.read().nanos;
        watch.stop(100);
        let [first, second] = nodes.map(|node| node.unwrap().cost.read());
        assert_eq!((first.frames, first.laps, second.frames, second.laps), (100, 2, 100, 2));
        assert_eq!(u128::from(first.nanos + second.nanos + outside), spent.as_nanos());
        let rest = cells.rest.read();
        assert_eq!((rest.frames, rest.laps), (100, 5));
        assert!(rest.nanos >= outside);
    }
}
