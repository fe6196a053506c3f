//! The same samples, to the bit.

use patchline_graph::{Frame, Instructions, Mixing, Node};

use crate::proof::{Row, Verdict};
use crate::stage::{self, Feed, NAME, Stage};
use crate::{Check, Prove, signal};

const FRAMES: usize = 6_000;

/// Frames at which parameters change: within and at the edges of blocks, one on top of another's glide.
const CHANGES: [u64; 4] = [700, 1_000, 1_333, 4_096];

/// All readings by name.
pub(super) type Readings = Vec<(&'static str, Vec<f64>)>;
/// Samples, channels × frames, and readings.
type Played = (Vec<Vec<f32>>, Readings);

fn input<N: Node>(prove: &Prove<N>) -> Vec<Vec<f32>> {
    let channels = stage::device_channels(&prove.node, prove.channels);
    prove.input.clone().unwrap_or_else(|| signal::noise(2, channels, FRAMES, 0.5))
}

pub(crate) fn any_block<N: Node>(prove: &Prove<N>) -> Row {
    Row::judge(Check::AnyBlock, every_split(prove))
}

fn every_split<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let whole = changing(prove, &[FRAMES])?;
    let mixed = [64, 1, 3, 255, 17];
    let lengths = prove.blocks.iter().map(std::slice::from_ref);
    let splits = lengths.chain([&prove.blocks[..], &mixed, &[2, 511], &[333, 5, 1_000]]);
    let mut count = 0;
    for split in splits {
        same(&changing(prove, split)?, &whole).map_err(|error| format!("in blocks of {split:?}: {error}"))?;
        count += 1;
    }
    Ok(format!("{count} splits of {FRAMES} frames, {} parameter changes in each", CHANGES.len()))
}

pub(crate) fn any_instructions<N: Node>(prove: &Prove<N>) -> Row {
    if Instructions::available().count() > 1 {
        return Row::judge(Check::Instructions, every_set(prove));
    }
    let verdict = if cfg!(target_arch = "x86_64") { Verdict::NotChecked } else { Verdict::DoesNotApply };
    Row::new(Check::Instructions, verdict, "this machine has only the baseline")
}

/// Starting with the node and with all others, compared with the baseline.
fn every_set<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let splits: [&[usize]; 3] = [&[FRAMES], &[64, 1, 3, 255, 17], &[129, 16]];
    for node in prove.all() {
        let run = |instructions, split| played(&Prove { node: node.clone(), instructions, ..prove.clone() }, split);
        let (expected, shown) = run(Instructions::Baseline, splits[0])?;
        for instructions in Instructions::available() {
            for split in splits {
                let place = |error| format!("with {instructions}, in blocks of {split:?}: {error}");
                let (got, readings) = run(instructions, split)?;
                same(&got, &expected).map_err(place)?;
                same_readings(&readings, &shown).map_err(place)?;
            }
        }
    }
    let sets: Vec<String> = Instructions::available().map(|instructions| instructions.to_string()).collect();
    Ok(format!("{}: {} splits of {FRAMES} frames each", sets.join(", "), splits.len()))
}

pub(super) fn same_readings(got: &Readings, expected: &Readings) -> Result<(), String> {
    for ((name, got), (_, expected)) in got.iter().zip(expected) {
        if got.iter().zip(expected).any(|(g, e)| g.to_bits() != e.to_bits()) {
            return Err(format!("the reading `{name}` is {got:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

pub(crate) fn mixing<N: Node>(prove: &Prove<N>) -> Row {
    let sums = Stage::new(prove, Feed::Device).map(|stage| {
        let sums = stage.engine.schedule().slots.iter().any(|slot| matches!(slot.mixing, Some(Mixing::Sums(_))));
        stage.close();
        sums
    });
    match sums {
        Ok(false) => Row::new(Check::Mixing, Verdict::DoesNotApply, "it does not say that it only sums up"),
        _ => Row::judge(Check::Mixing, as_if_run(prove)),
    }
}

fn as_if_run<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let splits: [&[usize]; 3] = [&[FRAMES], &[64, 1, 3, 255, 17], &[333, 5, 1_000]];
    for split in splits {
        let stage = Stage::new(prove, Feed::Device)?;
        let mut run = Stage::new(prove, Feed::Device)?;
        // To be left out some day, it has to be run.
        run.engine.bypass(NAME, true, Some(Frame::MAX)).map_err(|error| format!("it cannot be left out: {error}"))?;
        let (expected, _) = played_on(run, prove, split)?;
        let (got, _) = played_on(stage, prove, split)?;
        same(&got, &expected).map_err(|error| format!("in blocks of {split:?}, against `process`: {error}"))?;
    }
    Ok(format!("{} splits of {FRAMES} frames, run and not run", splits.len()))
}

/// The node's output while its parameters change at fixed frames, where they need no new processor.
fn changing<N: Node>(prove: &Prove<N>, split: &[usize]) -> Result<Vec<Vec<f32>>, String> {
    played(prove, split).map(|(out, _)| out)
}

/// That, and the readings at the end.
fn played<N: Node>(prove: &Prove<N>, split: &[usize]) -> Result<Played, String> {
    played_on(Stage::new(prove, Feed::Device)?, prove, split)
}

fn played_on<N: Node>(mut stage: Stage, prove: &Prove<N>, split: &[usize]) -> Result<Played, String> {
    let mut playing = &prove.node;
    for (round, frame) in CHANGES.into_iter().enumerate() {
        let next = prove.turn(round);
        if next.ports() == playing.ports() && !next.rebuilds(playing) {
            stage
                .engine
                .set(NAME, next.clone(), Some(frame))
                .map_err(|error| format!("parameters refused: {error}"))?;
            playing = next;
        }
    }
    let out = stage.render(&input(prove), FRAMES, split);
    let readings = readings(&mut stage);
    stage.close();
    Ok((out, readings))
}

/// What the node shows.
pub(super) fn readings(stage: &mut Stage) -> Readings {
    let readings = stage.engine.readings(NAME).unwrap_or_default();
    readings.all().map(|(reading, values)| (reading.name, values)).collect()
}

pub(crate) fn reset<N: Node>(prove: &Prove<N>) -> Row {
    Row::judge(Check::Reset, after_reset(prove))
}

fn after_reset<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let input = input(prove);
    let mut stage = Stage::new(prove, Feed::Device)?;
    let first = stage.render(&input, FRAMES, &[100, 31]);
    stage.renderer.reset();
    let second = stage.render(&input, FRAMES, &[64]);
    stage.close();
    same(&second, &first)?;
    Ok(format!("{FRAMES} frames, then the same again"))
}

/// Whether two outputs are the same to the bit; if not, where they differ.
pub(crate) fn same(got: &[Vec<f32>], expected: &[Vec<f32>]) -> Result<(), String> {
    for (channel, (got, expected)) in got.iter().zip(expected).enumerate() {
        if let Some(frame) = got.iter().zip(expected).position(|(g, e)| g.to_bits() != e.to_bits()) {
            let (got, expected) = (got[frame], expected[frame]);
            return Err(format!("channel {channel}, frame {frame}: {got:e} instead of {expected:e}"));
        }
    }
    Ok(())
}
