//! Numbers that are none, and numbers that are too large.

use std::sync::Arc;

use patchline_graph::{Node, PrepareSpec, Tail};

use crate::check::bits;
use crate::proof::Row;
use crate::stage::{self, Feed, Stage};
use crate::{Check, Prove, Verdict, signal};

const FRAMES: usize = 6_000;
/// The longest tail that is waited for, in seconds.
const LONGEST_TAIL: u64 = 60;

pub(crate) fn finite<N: Node>(prove: &Prove<N>) -> Row {
    Row::judge(Check::Finite, finite_out(prove))
}

fn finite_out<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let mut stage = Stage::new(prove, Feed::Device)?;
    let mut input = signal::noise(3, stage::device_channels(&prove.node, prove.channels), FRAMES, 1e30);
    // Ends in near silence.
    input.iter_mut().for_each(|channel| channel[FRAMES / 2..].iter_mut().for_each(|sample| *sample *= 1e-35));
    stage.render(&input, FRAMES, &[128]);
    let bad = stage.engine.stats().non_finite_outputs;
    stage.close();
    match bad {
        0 => Ok(format!("{FRAMES} frames of up to 1e30")),
        bad => Err(format!("{bad} samples out of {FRAMES} frames of up to 1e30 are not finite")),
    }
}

pub(crate) fn non_finite<N: Node>(prove: &Prove<N>) -> Row {
    if prove.node.ports().inputs.is_empty() {
        return Row::new(Check::NonFinite, Verdict::DoesNotApply, "it has no input");
    }
    Row::judge(Check::NonFinite, recovers(prove))
}

/// NaN and infinities at every input: no panic; finite again when they have passed; after a reset as fresh.
fn recovers<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    let bad = Arc::new(with_bad_samples(prove));
    let good = bad.iter().map(|channel| channel.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect());
    let good: Arc<Vec<Vec<f32>>> = Arc::new(good.collect());
    let mut stage = Stage::new(prove, Feed::Raw(&bad))?;
    stage.render(&[], FRAMES, &prove.blocks);
    let passed = passing(prove);
    stage.render(&[], passed, &[prove.max_frames]);
    let before = stage.engine.stats();
    stage.render(&[], prove.rate as usize, &[prove.max_frames]);
    let after = stage.engine.stats();
    if after.panics > 0 {
        return Err("it panics over NaN or infinity".to_owned());
    }
    if after.non_finite_outputs > before.non_finite_outputs {
        return Err(format!("still not finite {passed} frames after the bad samples"));
    }
    // What still played of the source before would not be of the node.
    stage.engine.set_fade(0);
    stage
        .engine
        .load(stage::graph_around(&prove.node, prove.channels, Feed::Raw(&good)).0)
        .map_err(|error| error.to_string())?;
    stage.renderer.reset();
    let again = stage.render(&[], FRAMES, &[64]);
    stage.close();
    let mut fresh = Stage::new(prove, Feed::Raw(&good))?;
    let expected = fresh.render(&[], FRAMES, &[64]);
    fresh.close();
    bits::same(&again, &expected).map_err(|error| format!("after a reset something of them is left: {error}"))?;
    Ok(format!("finite {passed} frames after NaN and infinities, as fresh after a reset"))
}

/// Noise with all kinds of bad samples in its first half.
fn with_bad_samples<N: Node>(prove: &Prove<N>) -> Vec<Vec<f32>> {
    let widths = prove.node.ports().inputs.iter().map(|port| stage::width(port.channels, prove.channels)).max();
    let mut samples = signal::noise(4, widths.unwrap_or(0), FRAMES, 0.5);
    for (channel, samples) in samples.iter_mut().enumerate() {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN, f32::MAX];
        for (number, sample) in samples[..FRAMES / 2].iter_mut().step_by(37).enumerate() {
            *sample = bad[(number + channel) % bad.len()];
        }
    }
    samples
}

/// How long bad samples may take to pass: the latency, the tail and a second.
fn passing<N: Node>(prove: &Prove<N>) -> usize {
    let width = |port: &patchline_graph::Port| stage::width(port.channels, prove.channels);
    let ports = prove.node.ports();
    let spec = PrepareSpec {
        rate: prove.rate,
        max_frames: prove.max_frames,
        inputs: ports.inputs.iter().map(width).collect(),
        outputs: ports.outputs.iter().map(width).collect(),
        ..PrepareSpec::default()
    };
    let second = u64::from(prove.rate);
    let tail = match prove.node.tail(&spec) {
        Tail::Frames(frames) => frames.min(LONGEST_TAIL * second),
        Tail::None | Tail::Infinite => 0,
    };
    (prove.node.latency(&spec) + tail + second) as usize
}
