//! The judge of the compiler: random graphs, rendered in random blocks, equal a naive frame-by-frame evaluation bit for
//! bit. Fan-in, fan-out, channel slices, feedback, device channels.

mod model;
mod naive;
mod random;

use std::num::NonZeroU32;
use std::ops::Range;

pub(crate) use model::{Model, blend};
use patchline_graph::{StreamSpec, engine};
use proptest::prelude::*;
pub(crate) use random::Dice;

const FRAMES: usize = 300;
const RATE: u32 = 48_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_graphs_equal_naive_evaluation(seed in any::<u64>(), size in 1usize..24) {
        check(seed, size, 0..0)?;
    }
}

/// What the device gives is silent for some frames. Says for how many everything rested.
fn check(seed: u64, size: usize, silence: Range<usize>) -> Result<u64, TestCaseError> {
    let mut dice = Dice::new(seed);
    let model = Model::random(&mut dice, size);
    let mut input = dice.signal(model.inputs, FRAMES);
    input.iter_mut().for_each(|channel| channel[silence.clone()].fill(0.0));
    let expected = naive::evaluate(&model, &input, FRAMES);
    let (rendered, slept) = render(&model, &input, &mut dice);
    for (channel, (expected, rendered)) in expected.iter().zip(&rendered).enumerate() {
        let same = expected.iter().zip(rendered).position(|(a, b)| a.to_bits() != b.to_bits());
        prop_assert_eq!(same, None, "channel {} differs first at this frame of\n{:#?}", channel, model);
    }
    Ok(slept)
}

#[test]
fn nobody_hears_that_silence_is_slept_through() {
    let slept = |seed| check(seed, 1 + seed as usize % 5, 50..250).unwrap();
    let slept: Vec<u64> = (0..2_000).map(slept).collect();
    let graphs = slept.iter().filter(|frames| **frames > 0).count();
    println!("{graphs} of 2,000 graphs slept, {} frames in all", slept.iter().sum::<u64>());
    assert!(graphs > 150, "{graphs}");
}

fn render(model: &Model, input: &[Vec<f32>], dice: &mut Dice) -> (Vec<Vec<f32>>, u64) {
    let max_frames = dice.between(1, 130);
    let mut stream = StreamSpec::new(RATE, max_frames, model.inputs, model.outputs);
    stream.feedback = model.feedback;
    let (mut engine, mut renderer) = engine(stream);
    let graph = model.graph(dice);
    engine.load(graph).unwrap_or_else(|error| panic!("{error}\n{model:#?}"));
    // Taking times must change nothing: in every call, in some, or in none.
    engine.profile(NonZeroU32::new(dice.between(0, 3) as u32));
    let mut output = vec![vec![f32::NAN; FRAMES]; model.outputs];
    let mut done = 0;
    while done < FRAMES {
        let end = (done + dice.between(1, 150)).min(FRAMES);
        let inputs: Vec<&[f32]> = input.iter().map(|channel| &channel[done..end]).collect();
        let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(|channel| &mut channel[done..end]).collect();
        renderer.render(end - done, &inputs, &mut outputs);
        done = end;
    }
    let slept = engine.stats().slept;
    engine.close(renderer);
    (output, slept)
}

#[test]
fn a_difference_would_be_seen() {
    let mut dice = Dice::new(7);
    let mut model = Model::random(&mut dice, 12);
    let input = dice.signal(model.inputs, FRAMES);
    let before = naive::evaluate(&model, &input, FRAMES);
    model.disturb();
    assert_ne!(before, naive::evaluate(&model, &input, FRAMES));
}
