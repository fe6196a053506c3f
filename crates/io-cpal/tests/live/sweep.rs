//! A sound in which every place can be recognised, and what became of it.

use std::f64::consts::TAU;

/// Frames per second of all here.
pub(crate) const RATE: u32 = 48_000;
/// It is many sweeps from the lower to the higher frequency, in Hz. As they are short, steering hardly moves the place
/// where they seem to be, and as each is of another length, in frames, no place is like another.
const LOW: f64 = 600.0;
const HIGH: f64 = 9_000.0;
const SHORTEST: u32 = 120;
const LENGTHS: u32 = 240;
pub(crate) const LEVEL: f32 = 0.5;
/// Frames that are looked at together.
pub(crate) const WINDOW: usize = 480;
/// By how many frames a window may be early or late to be looked for there.
const NEAR: isize = 4;
/// Which change of delay from window to window is a break, in frames, beyond the change that is expected. Steering by
/// 2000 millionths changes it by one.
const BREAK: f64 = 1.5;
/// How quickly the change of delay that is expected follows the one that is seen.
const FOLLOW: f64 = 0.25;
/// How much of the sound has to be there. Less than all, as steering spreads a window by a frame.
const THERE: f32 = 0.8;

/// The sound from its start, always the same.
pub(crate) fn sweep(frames: usize) -> impl Iterator<Item = f32> {
    let (mut chance, mut length, mut at, mut phase) = (1_u32, 0_u32, 0_u32, 0.0_f64);
    std::iter::repeat_with(move || {
        if at == length {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (length, at) = (SHORTEST + (chance >> 16) % LENGTHS, 0);
        }
        phase = (phase + (LOW + (HIGH - LOW) * f64::from(at) / f64::from(length)) / f64::from(RATE)).fract();
        at += 1;
        LEVEL * (TAU * phase).sin() as f32
    })
    .take(frames)
}

/// The sum of products, in lanes that a processor adds at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

/// The sound as it was, to compare with.
struct Original(Vec<f32>);

impl Original {
    /// How much of a window of it, from `place` on, is in `window`: 1 is all.
    fn there(&self, window: &[f32], place: isize) -> f32 {
        let from = usize::try_from(place).ok();
        let original = from.and_then(|from| self.0.get(from..from + window.len()));
        original.map_or(0.0, |original| dot(window, original) / (LEVEL * LEVEL / 2.0 * window.len() as f32))
    }

    /// The place from which a window is, of these: how much of it is there, and which place, with its fraction.
    fn find(&self, window: &[f32], places: impl Iterator<Item = isize>) -> Option<(f32, f64)> {
        let rated = places.map(|place| (self.there(window, place), place));
        let (there, place) = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let (before, after) = (self.there(window, place - 1), self.there(window, place + 1));
        // The peak of a parabola through the three.
        let curve = before + after - 2.0 * there;
        let fraction = if curve < 0.0 { 0.5 * (before - after) / curve } else { 0.0 };
        Some((there, place as f64 + f64::from(fraction))).filter(|_| there > THERE)
    }
}

/// What was heard of the sound.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) stretches: Vec<Stretch>,
}

/// A stretch without a break: where it begins, where it ends, and its delay there, all in frames.
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
        let original = Original(sweep(heard.len() + most).collect());
        let mut stretches: Vec<Stretch> = Vec::new();
        // The delay, and how it grows from window to window.
        let mut known: Option<(f64, f64)> = None;
        for (index, window) in heard.chunks_exact(WINDOW).enumerate() {
            let (from, to) = (index * WINDOW, (index + 1) * WINDOW);
            let place = |delay: f64| from as isize - delay.round() as isize;
            if let Some((delay, slope)) = known {
                let expected = delay + slope;
                let near = place(expected) - NEAR..=place(expected) + NEAR;
                let seen = original.find(window, near).map(|(_, place)| from as f64 - place);
                if let Some(seen) = seen.filter(|seen| (seen - expected).abs() < BREAK) {
                    let stretch = stretches.last_mut().expect("a known delay is that of a stretch");
                    (stretch.to, stretch.delay) = (to, seen);
                    known = Some((seen, slope + FOLLOW * (seen - expected)));
                    continue;
                }
            }
            // Within a second of the last one, if there was one.
            let center = stretches.last().map(|last| place(last.delay));
            let reach = center.map_or(most as isize, |_| RATE as isize);
            let places = center.unwrap_or(from as isize) - reach..=center.unwrap_or(from as isize) + reach;
            let silent = dot(window, window) < 1e-6;
            let found = if silent { None } else { original.find(window, places) };
            known = found.map(|(_, place)| (from as f64 - place, 0.0));
            stretches.extend(known.map(|(delay, _)| Stretch { from, to, delay }));
        }
        Self { stretches }
    }

    /// Where the sound did not go on as it was, in frames, after a given one.
    pub(crate) fn breaks(&self, after: usize) -> Vec<usize> {
        let starts = self.stretches.iter().skip(1).map(|stretch| stretch.from);
        starts.filter(|&from| from > after).collect()
    }

    /// The breaks after a given frame, each with the sound's frames that it is between.
    pub(crate) fn between(&self, after: usize) -> Vec<(usize, [f64; 2])> {
        let pairs = self.stretches.windows(2).filter(|pair| pair[1].from > after);
        pairs
            .map(|pair| (pair[1].from, [pair[0].to as f64 - pair[0].delay, pair[1].from as f64 - pair[1].delay]))
            .collect()
    }

    /// Where a frame of the sound was heard, or what was nearest to it.
    pub(crate) fn place(&self, frame: f64) -> f64 {
        let places = self.stretches.iter().map(|Stretch { from, to, delay }| {
            let place = (frame + delay).clamp(*from as f64, *to as f64);
            (place, (place - delay - frame).abs())
        });
        places.min_by(|a, b| a.1.total_cmp(&b.1)).expect("something was heard").0
    }

    /// Frames that were recognised.
    pub(crate) fn frames(&self) -> usize {
        self.stretches.iter().map(|stretch| stretch.to - stretch.from).sum()
    }
}

#[track_caller]
fn check(heard: &[f32], breaks: &[usize]) -> Heard {
    let seen = Heard::new(heard, 48_000);
    let places = seen.breaks(0);
    assert!(places.len() >= breaks.len() && places.len() <= 2 * breaks.len(), "{breaks:?} {seen:?}");
    let near = |place: usize| breaks.iter().any(|at| place.abs_diff(*at) < 3 * WINDOW);
    assert!(places.iter().all(|place| near(*place)), "{breaks:?} {seen:?}");
    seen
}

#[test]
fn breaks_are_found_where_they_are() {
    let sound: Vec<f32> = sweep(RATE as usize * 3).collect();
    let whole = check(&sound[1_234..], &[]);
    assert!((whole.stretches[0].delay + 1_234.0).abs() < 0.05, "{whole:?}");
    assert!(whole.frames() > sound.len() - 1_234 - WINDOW);
    for (at, lost) in [(30_000, 3), (50_000, 700), (90_000, 20_000)] {
        let mut cut = sound.clone();
        cut.drain(at..at + lost);
        check(&cut, &[at]);
    }
    let mut gap = sound;
    gap[60_000..60_300].fill(0.0);
    check(&gap, &[60_000]);
}

#[test]
fn what_is_steered_breaks_nowhere_else() {
    let sound: Vec<f32> = sweep(RATE as usize * 6).collect();
    for (at, speed) in [(30_000, 0.998), (70_000, 1.0), (93_000, 1.002), (97_001, 0.999), (130_000, 1.002)] {
        let place = |frame: usize| 1_000.0 + frame as f64 * speed + if frame < at { 0.0 } else { 269.0 };
        // Four points suffice for what is at 9 kHz at most: Hermite's polynomial errs by 2 % of the level.
        let steered: Vec<f32> = (0..240_000).map(|frame| between(&sound, place(frame))).collect();
        check(&steered, &[at]);
    }
}

fn between(sound: &[f32], place: f64) -> f32 {
    let (whole, t) = (place as usize, place.fract() as f32);
    let [a, b, c, d] = [0, 1, 2, 3].map(|n| sound[whole - 1 + n]);
    let (rise, fall) = ((c - a) / 2.0, (d - b) / 2.0);
    let (two, three) = (3.0 * (c - b) - 2.0 * rise - fall, 2.0 * (b - c) + rise + fall);
    b + t * (rise + t * (two + t * three))
}
