//! Ten thousand changes of parameters, captured: together, over a time, at frames and as they come; the replay is the run.

mod common;

use std::path::Path;

use common::{noise, replay};
use patchline_capture::{Capture, Config, Deed, Recording, Source, Stretch, Tapped};
use patchline_graph::{AnyNode, Edit, NodeName, StreamSpec, engine};
use patchline_io::channels::Planar;
use patchline_io::{Block, Callback};
use patchline_nodes::{Delay, Entry, Frequency, Gain, Level, Matrix, Oscillator, Targets, Time};
use patchline_patch::{Options, Registry};

/// Two changes in each, or a few more.
const CALLS: usize = 4_700;

const PATCH: &str = "links = [\"mic -> trim -> echo -> mix -> out\", \"tone -> out\"]\n[nodes.mic]\ntype = \"input\"\n\
                     [nodes.trim]\ntype = \"gain\"\n[nodes.echo]\ntype = \"delay\"\ntime = \"5 ms\"\nmax_time = \"30 ms\"\n\
                     [nodes.tone]\ntype = \"oscillator\"\n\
                     [nodes.mix]\ntype = \"matrix\"\ngains = [{ from = 0, to = 0 }, { from = 0, to = 0 }]\n[nodes.out]\ntype = \"output\"\n";

/// A number in 0..1 for each step and each use of it.
fn random(step: usize, what: u64) -> f64 {
    let mixed = (step as u64 * 8 + what + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1_u64 << 53) as f64
}

fn edit(name: &str, node: impl patchline_graph::Node) -> Edit {
    Edit::Node { name: NodeName::new(name).unwrap(), node: AnyNode::new(node) }
}

/// Two changes, or a few more.
fn edits(step: usize) -> Vec<Edit> {
    let gain = Level::new(random(step, 0)).unwrap();
    let frequency = Frequency::new(50.0 + 5_000.0 * random(step, 1)).unwrap();
    let mut echo = Delay::new(Time::Seconds(0.001 + 0.028 * random(step, 2)));
    (echo.max_time, echo.mix, echo.feedback) = (Some(Time::Seconds(0.03)), random(step, 3), 0.9 * random(step, 4));
    let mut edits = vec![edit("trim", Gain { gain, ..Gain::default() })];
    edits.push(if step.is_multiple_of(2) {
        edit("echo", echo)
    } else {
        edit("tone", Oscillator { frequency, ..Oscillator::default() })
    });
    if step.is_multiple_of(5) {
        let entry = |what| {
            let gain = Level::new(random(step, what)).unwrap();
            Entry { from: 0, to: Targets::One(0), gain, invert: step.is_multiple_of(2) }
        };
        edits.push(edit("mix", Matrix::of(vec![entry(3), entry(4)])));
    }
    // A matrix is run for that, and not before.
    if step % 31 == 3 {
        edits.push(Edit::Bypass { name: NodeName::new("mix").unwrap(), on: step.is_multiple_of(2) });
    }
    if step.is_multiple_of(7) {
        edits.push(Edit::Bypass { name: NodeName::new("echo").unwrap(), on: step.is_multiple_of(2) });
    }
    edits
}

fn captured(path: &Path) {
    let registry = Registry::standard();
    let (mut engine, renderer) = engine(StreamSpec::new(48_000, 700, 1, 1));
    let capture = Capture::create(path, Config::default()).unwrap();
    let tap = capture.begin(&mut engine, &registry, Stretch { device: "test".to_owned(), outputs: 1 });
    let mut tapped = Tapped::new(renderer, tap);
    let mut output = Planar::new(1, 700);
    let source = Source::new("song.toml", PATCH, &Options::default());
    let graph = source.load(&registry).unwrap().graph;
    capture.announce(source, &graph);
    engine.load(graph).unwrap();
    let mut position = 0;
    for step in 0..CALLS {
        let at = [None, Some(position + (900.0 * random(step, 5)) as u64)][step % 2];
        let over = [None, None, Some((20_000.0 * random(step, 6)) as u64)][step % 3];
        engine.change(&edits(step), at, over).unwrap();
        let frames = 1 + (699.0 * random(step, 7)) as usize;
        let input: Vec<f32> = (position..position + frames as u64).map(|frame| noise(frame, 0)).collect();
        let mut outputs: Vec<&mut [f32]> = output.iter_mut(frames).collect();
        tapped.process(Block { frames, position, discontinuity: false }, &[&input], &mut outputs);
        position += frames as u64;
        engine.collect();
    }
    assert_eq!(engine.stats().stale_sets, 0);
    capture.end(&engine);
    engine.close(tapped.into_inner());
    assert!(capture.finish().is_complete());
}

#[test]
fn a_run_of_ten_thousand_changes_is_replayed_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.cap");
    captured(&path);
    let verdict = replay(&path).unwrap();
    assert!(verdict.is_identical() && verdict.blocks == CALLS as u64, "{verdict:?}");
    let calls = &Recording::open(&path).unwrap().takes[0].calls;
    let sets = calls.iter().filter_map(|call| match &call.deed {
        Deed::Set { bypass, over, .. } => Some((bypass.len(), over.is_some())),
        _ => None,
    });
    let sets: Vec<_> = sets.collect();
    assert_eq!(sets.len(), CALLS);
    assert_eq!(sets.iter().filter(|(_, over)| *over).count(), CALLS / 3);
    assert!(sets.iter().filter(|(bypass, _)| *bypass == 1).count() > CALLS / 8);
}
