//! Resting is not heard: the same samples and readings as if the node had been run all along.

use patchline_graph::Node;

use super::bits::{Readings, readings, same, same_readings};
use crate::proof::{Row, Verdict};
use crate::stage::{self, Feed, NAME, Stage};
use crate::{Check, Prove, signal};

/// Stretches of sound and of silence, in thousandths of a second. Within the second silence parameters change.
const SOUND: [u64; 4] = [40, 1, 25, 300];
const SILENCE: [u64; 4] = [1_500, 1_500, 20, 700];

pub(crate) fn rest<N: Node>(prove: &Prove<N>) -> Row {
    match compared(prove) {
        Ok((0, frames)) => {
            Row::new(Check::Rest, Verdict::DoesNotApply, format!("it did not rest in {frames} frames, mostly silence"))
        }
        Ok((slept, frames)) => Row::judge(Check::Rest, Ok(format!("it rested for {slept} of {frames} frames"))),
        Err(error) => Row::judge(Check::Rest, Err(error)),
    }
}

/// How many frames it rested, and how many there were.
fn compared<N: Node>(prove: &Prove<N>) -> Result<(u64, u64), String> {
    let (mut slept, mut frames) = (0, 0);
    for split in [&[64][..], &[64, 1, 3, 255, 17], &[prove.max_frames]] {
        let place = |error| format!("in blocks of {split:?}: {error}");
        // Who listens in never rests, and so nobody does.
        let watched = played(prove, Stage::tapped(prove)?.0, split)?;
        let alone = played(prove, Stage::new(prove, Feed::Device)?, split)?;
        for (alone, watched) in alone.stretches.iter().zip(&watched.stretches) {
            same(&alone.0, &watched.0).map_err(place)?;
            same_readings(&alone.1, &watched.1).map_err(place)?;
        }
        if watched.slept > 0 {
            return Err(place("everything rested though a node that never does was there".to_owned()));
        }
        slept += alone.slept;
        frames += alone.frames;
    }
    Ok((slept, frames))
}

struct Played {
    /// What came out of each stretch, channels × frames, and what the node showed after it.
    stretches: Vec<(Vec<Vec<f32>>, Readings)>,
    slept: u64,
    frames: u64,
}

fn played<N: Node>(prove: &Prove<N>, mut stage: Stage, split: &[usize]) -> Result<Played, String> {
    let channels = stage::device_channels(&prove.node, prove.channels);
    let frames = |thousandths: u64| (u64::from(prove.rate) * thousandths / 1_000).max(1) as usize;
    let mut stretches = Vec::new();
    for (round, (sound, silence)) in SOUND.into_iter().zip(SILENCE).enumerate() {
        let next = prove.turn(round);
        if round == 1 && next.ports() == prove.node.ports() && !next.rebuilds(&prove.node) {
            let at = stage.renderer.position() + frames(sound + silence / 2) as u64;
            let set = stage.engine.set(NAME, next.clone(), Some(at));
            set.map_err(|error| format!("parameters refused: {error}"))?;
        }
        let input = signal::noise(round as u64, channels, frames(sound), 0.5);
        let out = stage.render(&input, frames(sound + silence), split);
        stretches.push((out, readings(&mut stage)));
    }
    let stats = stage.engine.stats();
    stage.close();
    Ok(Played { stretches, slept: stats.slept, frames: stats.frames })
}
