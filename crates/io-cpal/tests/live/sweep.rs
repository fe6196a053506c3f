//! A sound in which every place can be recognised, and what became of it.

use std::f64::consts::TAU;

/// Frames per second of all here.
pub(crate) const RATE: u32 = 48_000;
/// It rises from this frequency by as much in each second, in Hz, and begins again after the second.
const LOW: f64 = 1_000.0;
const RISE: f64 = 8_000.0;
pub(crate) const LEVEL: f32 = 0.5;
/// Frames that are looked at together.
const WINDOW: usize = 480;
/// Which change of delay from window to window is a break, in frames, beyond the change that is expected.
const BREAK: f64 = 1.5;
/// How quickly the change of delay that is expected follows the one that is seen.
const FOLLOW: f64 = 0.25;
/// How much of the sound has to be there. Less than all, as steering by 2000 millionths spreads a window by a frame,
/// which is a fifth of a turn at the highest frequency.
const THERE: f64 = 0.9;

/// The phase in turns at a frame, which need not be whole.
fn phase(frame: f64) -> f64 {
    let seconds = frame / f64::from(RATE);
    let (whole, part) = (seconds.floor(), seconds.fract());
    // Each second has a whole number of turns.
    let turns_of_a_second = LOW + RISE / 2.0;
    (whole * turns_of_a_second + part * (LOW + part * RISE / 2.0)).fract()
}

fn frequency(frame: f64) -> f64 {
    LOW + RISE * (frame / f64::from(RATE)).fract()
}

/// The sound from its start.
pub(crate) fn sweep(frames: usize) -> impl Iterator<Item = f32> {
    (0..frames).map(|frame| LEVEL * (TAU * phase(frame as f64)).sin() as f32)
}

/// Whether the sound begins again within a window: there a small delay looks like a large one.
fn turns_back(from: usize, delay: f64) -> bool {
    let second = |frame: usize| ((frame as f64 - delay) / f64::from(RATE)).floor();
    second(from) != second(from + WINDOW)
}

/// What a stretch of the sound is like if it is `delay` frames late: how much of it is there (1 is all), by how many
/// frames it is later than that, and by how many Hz it is off.
fn compare(heard: &[f32], from: usize, delay: f64) -> (f64, f64, f64) {
    let half = |frames: std::ops::Range<usize>| {
        frames.fold((0.0, 0.0), |(re, im), frame| {
            let (sin, cos) = (TAU * phase(frame as f64 - delay)).sin_cos();
            let sample = f64::from(heard[frame]);
            // The signal is a sine: multiplied by the conjugate of the reference, a turn by a quarter.
            (re + sample * sin, im + sample * cos)
        })
    };
    let (first, second) = (half(from..from + WINDOW / 2), half(from + WINDOW / 2..from + WINDOW));
    let sum: (f64, f64) = (first.0 + second.0, first.1 + second.1);
    let there = 2.0 * sum.0.hypot(sum.1) / (WINDOW as f64 * f64::from(LEVEL));
    let ahead = sum.1.atan2(sum.0) / TAU;
    let late = -ahead * f64::from(RATE) / frequency(from as f64 + WINDOW as f64 / 2.0 - delay);
    let turned = (second.1.atan2(second.0) - first.1.atan2(first.0)) / TAU;
    let off = (turned - turned.round()) * f64::from(RATE) / (WINDOW as f64 / 2.0);
    (there, late, off)
}

/// The delay of the sound at this place, from anywhere within `0..most` frames; `None` where there is no such sound.
fn find(heard: &[f32], from: usize, earliest: f64, latest: f64) -> Option<f64> {
    let steps = ((latest - earliest) / 120.0) as usize;
    let candidates = (0..=steps).map(|step| earliest + 120.0 * step as f64);
    let there = |delay: &f64| (compare(heard, from, *delay).0 * 1e6) as i64;
    let mut delay = candidates.max_by_key(there)?;
    for _ in 0..12 {
        let (_, _, off) = compare(heard, from, delay);
        // A lower frequency than expected is a place before the expected one: it is later.
        delay -= off * f64::from(RATE) / RISE;
    }
    let (there, late, _) = compare(heard, from, delay);
    (there > THERE).then_some(delay + late)
}

/// What was heard of the sound.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Delays of each stretch without a break, in frames: where it begins, where it ends, and the delay there.
    pub(crate) stretches: Vec<Stretch>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) delay: f64,
}

impl Heard {
    /// Follows the sound through all that was heard. It began at most `most` frames before what was heard did, or as
    /// many after.
    pub(crate) fn new(heard: &[f32], most: usize) -> Self {
        let mut stretches: Vec<Stretch> = Vec::new();
        // The delay, and how it grows from window to window.
        let mut known: Option<(f64, f64)> = None;
        for from in (0..heard.len().saturating_sub(WINDOW)).step_by(WINDOW) {
            if let Some((delay, slope)) = known {
                let delay = delay + slope;
                if turns_back(from, delay) {
                    known = Some((delay, slope));
                    continue;
                }
                let (there, late, _) = compare(heard, from, delay);
                if there > THERE && late.abs() < BREAK {
                    let stretch = stretches.last_mut().expect("a known delay is that of a stretch");
                    (stretch.to, stretch.delay) = (from + WINDOW, delay + late);
                    known = Some((delay + late, slope + FOLLOW * late));
                    continue;
                }
            }
            let (earliest, latest) = match stretches.last() {
                // Within a second of the last one, the length after which the sound repeats.
                Some(last) => (last.delay - 20_000.0, last.delay + 24_000.0),
                None => (-(most as f64), most as f64),
            };
            let found = find(heard, from, earliest, latest);
            stretches.extend(found.map(|delay| Stretch { from, to: from + WINDOW, delay }));
            known = found.map(|delay| (delay, 0.0));
        }
        Self { stretches }
    }

    /// Where the sound did not go on as it was, in frames, after a given one.
    pub(crate) fn breaks(&self, after: usize) -> Vec<usize> {
        let starts = self.stretches.iter().skip(1).map(|stretch| stretch.from);
        starts.filter(|&from| from > after).collect()
    }

    /// Frames that were recognised.
    pub(crate) fn frames(&self) -> usize {
        self.stretches.iter().map(|stretch| stretch.to - stretch.from).sum()
    }
}

#[test]
fn breaks_are_found_where_they_are() {
    let sound: Vec<f32> = sweep(RATE as usize * 3).collect();
    let whole = Heard::new(&sound[1_234..], 48_000);
    assert_eq!(whole.stretches.len(), 1, "{whole:?}");
    assert!((whole.stretches[0].delay.rem_euclid(48_000.0) - (48_000.0 - 1_234.0)).abs() < 0.1, "{whole:?}");
    for (at, lost) in [(30_000, 5), (50_000, 700), (90_000, 20_000)] {
        let mut cut = sound.clone();
        cut.drain(at..at + lost);
        let breaks = Heard::new(&cut, 48_000).breaks(0);
        assert!(!breaks.is_empty() && breaks.len() <= 2, "{at} {lost}: {breaks:?}");
        assert!(breaks.iter().all(|place| place.abs_diff(at) < 3 * WINDOW), "{at} {lost}: {breaks:?}");
    }
    let mut gap = sound;
    gap[60_000..60_300].fill(0.0);
    assert!(!Heard::new(&gap, 48_000).breaks(0).is_empty());
}
