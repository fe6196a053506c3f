//! What silence costs: state that decays into denormal numbers makes arithmetic a hundred times as slow.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use patchline_graph::Node;

use crate::proof::Row;
use crate::stage::{self, Stage};
use crate::{Check, Prove, signal};

const BLOCK: usize = 256;
/// Seconds of noise, then of silence.
const LOUD: usize = 2;
const SILENT: usize = 60;
const ATTEMPTS: usize = 3;
/// What a block may cost beyond twice that of sound: below the clock's own grain.
const GRAIN: Duration = Duration::from_micros(1);

pub(crate) fn silence<N: Node>(prove: &Prove<N>) -> Row {
    // A machine that is slow for a second looks like a node that is; but such a node is slow every time.
    let mut found = cheap(prove);
    for _ in 1..ATTEMPTS {
        found = found.or_else(|_| cheap(prove));
    }
    Row::judge(Check::Silence, found)
}

fn cheap<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let (mut stage, denormals) = Stage::tapped(prove)?;
    let blocks = prove.rate as usize / BLOCK;
    let channels = stage::device_channels(&prove.node, prove.channels);
    let noise = signal::noise(5, channels, BLOCK, 1.0);
    let silence = vec![vec![0.0; BLOCK]; channels];
    let sound = (0..LOUD).map(|_| second(&mut stage, &noise, blocks)).max().unwrap_or_default();
    let silent: Vec<Duration> = (0..SILENT).map(|_| second(&mut stage, &silence, blocks)).collect();
    stage.close();
    let (at, dearest) = (1..).zip(silent).max_by_key(|(_, cost)| *cost).unwrap_or_default();
    let costs =
        format!("{dearest:?} in second {at} of {SILENT} of silence, {sound:?} in sound, {BLOCK} frames a block");
    match denormals.load(Relaxed) {
        0 if dearest <= 2 * sound + GRAIN => Ok(costs),
        denormals => Err(format!("{costs}; {denormals} samples out are denormal")),
    }
}

/// A second of blocks, and what the cheapest takes: what others do on the same processor makes blocks dearer, never
/// cheaper.
fn second(stage: &mut Stage, input: &[Vec<f32>], blocks: usize) -> Duration {
    let mut out = vec![vec![0.0_f32; BLOCK]; stage.outputs];
    let inputs: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
    let mut cheapest = Duration::MAX;
    for _ in 0..blocks {
        stage.engine.wait_ready(BLOCK);
        let mut outputs: Vec<&mut [f32]> = out.iter_mut().map(Vec::as_mut_slice).collect();
        let began = Instant::now();
        stage.renderer.render(BLOCK, &inputs, &mut outputs);
        cheapest = cheapest.min(began.elapsed());
    }
    cheapest
}
