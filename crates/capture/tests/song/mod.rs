//! Random patches around a sine of 997 Hz, and what must hold of what is heard while one follows the other.
#![allow(dead_code, reason = "each test uses a part")]

use std::f64::consts::{PI, TAU};
use std::fmt::Write;

use patchline_graph::{Engine, Frame, Graph, LoadError};
use patchline_nodes::{Gain, Level};
use patchline_patch::{Options, Registry, read};

pub(crate) const RATE: u32 = 48_000;
/// Of the sine, linear.
pub(crate) const LEVEL: f64 = 0.4;
/// As long as loads fade by themselves.
const FADE: f64 = 960.0;
/// The longest delay, in frames.
const LONGEST: usize = 400;
/// Radians a frame.
const STEP: f64 = TAU * 997.0 / RATE as f64;

/// What comes in: the sine, and the number of the frame.
pub(crate) fn input(frame: u64, channel: usize) -> f32 {
    match channel {
        0 => (LEVEL * (STEP * frame as f64).sin()) as f32,
        _ => frame as f32,
    }
}

/// splitmix64 (Steele, Lea, Flood 2014).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + ((z ^ (z >> 31)) % (high - low + 1) as u64) as usize
    }

    fn part(&mut self) -> f64 {
        self.between(0, 1_000) as f64 / 1_000.0
    }
}

/// One to three branches from the input to the output, which are as loud as the input together, over some of eight nodes
/// in any order; here and there a way back, and a tone. The numbers of the frames go past all of them.
fn patch(dice: &mut Dice) -> String {
    let mut names: Vec<usize> = (0..8).collect();
    (1..names.len()).rev().for_each(|index| names.swap(index, dice.between(0, index)));
    let (mut links, mut nodes) = (String::from("\"frames -> count\""), String::new());
    let branches = dice.between(1, 3);
    for branch in 0..branches {
        let own: Vec<String> = (0..dice.between(1, 2)).filter_map(|_| Some(format!("n{}", names.pop()?))).collect();
        let share = (0.3 + 0.7 * dice.part()) / branches as f64;
        _ = writeln!(nodes, "[nodes.{}]\ntype = \"gain\"\ngain = {share}", own[0]);
        for name in &own[1..] {
            let (time, mix) = (dice.between(1, LONGEST), dice.part());
            _ = match dice.between(0, 2) {
                0 => writeln!(nodes, "[nodes.{name}]\ntype = \"delay\"\ntime = \"{time} smp\"\nmix = {mix}"),
                1 => writeln!(nodes, "[nodes.{name}]\ntype = \"meter\""),
                _ => writeln!(nodes, "[nodes.{name}]\ntype = \"gain\""),
            };
        }
        _ = write!(links, ", \"mic -> {} -> out\"", own.join(" -> "));
        if branch == 0 && dice.between(0, 4) == 0 {
            _ = writeln!(nodes, "[nodes.back]\ntype = \"gain\"\ngain = 0.2");
            _ = write!(links, ", \"{} ~> back -> out\"", own[0]);
        }
    }
    if dice.between(0, 4) == 0 {
        let frequency = dice.between(100, 400);
        _ = writeln!(nodes, "[nodes.tone]\ntype = \"oscillator\"\nlevel = 0.1\nfrequency = {frequency}");
        _ = write!(links, ", \"tone -> out\"");
    }
    format!(
        "links = [{links}]\n{nodes}[nodes.mic]\ntype = \"input\"\nchannels = [0]\n[nodes.frames]\ntype = \"input\"\n\
         channels = [1]\n[nodes.out]\ntype = \"output\"\nchannels = [0]\n[nodes.count]\ntype = \"output\"\nchannels = [1]\n"
    )
}

pub(crate) fn graph(dice: &mut Dice) -> Graph {
    let text = patch(dice);
    let loaded = read(text.as_bytes(), "song.toml").unwrap().load(&Registry::standard(), &Options::default());
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}")).graph
}

/// Another level for one of the gains that play, a while before the frame `at`.
fn turn(engine: &mut Engine, dice: &mut Dice, at: Frame) {
    let is_gain = |name: &str, engine: &Engine| engine.graph().node(name).is_some_and(|node| node.kind() == "gain");
    let name = format!("n{}", dice.between(0, 7));
    let gain = Level::new(dice.part() / 3.0).unwrap();
    if is_gain(&name, engine) {
        engine.set(&name, Gain { gain, ..Gain::default() }, Some(at - 500)).unwrap();
    }
}

/// Loads another patch for the frame `at`, and turns something before. What rings of earlier ones is cleared away now
/// and then.
pub(crate) fn reload(engine: &mut Engine, dice: &mut Dice, at: Frame) {
    reload_with(engine, dice, at, |graph| graph);
}

/// As `reload`, with something done to the patch.
pub(crate) fn reload_with(engine: &mut Engine, dice: &mut Dice, at: Frame, and: impl FnOnce(Graph) -> Graph) {
    turn(engine, dice, at);
    match engine.load_at(and(graph(dice)), at) {
        Ok(loaded) => assert!(!loaded.cut),
        Err(LoadError::Crowded(_)) => panic!("so much cannot ring"),
        Err(error) => panic!("{error}"),
    }
    if dice.between(0, 1) == 0 {
        engine.collect();
    }
    while engine.next_event().is_some() {}
}

/// What was heard of it.
pub(crate) struct Heard {
    pub(crate) sound: Vec<f32>,
    pub(crate) frames: Vec<f32>,
    /// The frames of all loads.
    pub(crate) loads: Vec<Frame>,
}

/// What is to be found in it.
#[derive(Debug)]
pub(crate) struct Found {
    /// The largest second difference, and the largest that there may be.
    pub(crate) second: f64,
    pub(crate) bound: f64,
    /// The energy above 2 kHz in the worst fade, as a part of the sine's, in dB.
    pub(crate) high_db: f64,
}

impl Heard {
    /// Each frame is there once, and in its place.
    pub(crate) fn is_whole(&self) -> bool {
        self.frames.len() == self.sound.len()
            && self.frames.iter().zip(0_u64..).all(|(seen, frame)| *seen == frame as f32)
    }

    /// `pause` is the shortest time between two loads, in frames.
    pub(crate) fn judge(&self, pause: usize) -> Found {
        let second = |w: &[f32]| (f64::from(w[2]) - 2.0 * f64::from(w[1]) + f64::from(w[0])).abs();
        // The first patch is there at once.
        let settled = 2_000;
        let second = self.sound[settled..].windows(3).map(second).fold(0.0, f64::max);
        let high = highs(&self.sound);
        let fade = FADE as usize;
        let energy = |at: usize| high[at..at + fade].iter().map(|sample| sample * sample).sum::<f64>();
        let loads = self.loads.iter().map(|&at| at as usize).filter(|at| (settled..high.len() - fade).contains(at));
        let worst = loads.map(energy).fold(0.0, f64::max);
        let sine = LEVEL * LEVEL / 2.0 * FADE;
        Found { second, bound: bound(pause), high_db: 10.0 * (worst / sine).log10() }
    }
}

/// The largest second difference that there may be.
///
/// That of a sine of level 1 is `STEP²` at most. A fade has a slope of `1.5 / FADE` and a curvature of `6 / FADE²` at most,
/// a level that is turned meanwhile has a slope of `1 / FADE` with a corner at either end. The second difference of
/// `weight · x` is at most `STEP² + 2 · slope · STEP + curvature`, with a corner's in place of a curvature where there is
/// one. A patch sounds as loud as its input, its way back 0.2 and its tone 0.1 more. As many sound together as are loaded
/// within the time that a node takes to leave: a fade, the longest delay, the way back, and a fade.
fn bound(pause: usize) -> f64 {
    let slope = 2.5 / FADE;
    let one = STEP * STEP + 2.0 * slope * STEP + 9.0 / (FADE * FADE) + 1.0 / FADE;
    let together = 1.0 + (2.0 * FADE + (LONGEST + 64) as f64) / pause as f64;
    (LEVEL * 1.2 + 0.1) * one * together
}

/// What is above 2 kHz: a Butterworth filter of order 20 at 1.9 kHz, which leaves 112 dB less of the sine.
fn highs(samples: &[f32]) -> Vec<f64> {
    let mut out: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
    let omega = TAU * 1_900.0 / f64::from(RATE);
    for section in 0..10 {
        let alpha = omega.sin() * (PI * f64::from(2 * section + 1) / 40.0).sin();
        let (cos, scale) = (omega.cos(), 1.0 / (1.0 + alpha));
        let (b0, b1, a1, a2) =
            ((1.0 + cos) / 2.0 * scale, -(1.0 + cos) * scale, -2.0 * cos * scale, (1.0 - alpha) * scale);
        let [mut x1, mut x2, mut y1, mut y2] = [0.0; 4];
        for sample in &mut out {
            let x = *sample;
            let y = b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2;
            (x2, x1, y2, y1) = (x1, x, y1, y);
            *sample = y;
        }
    }
    out
}
