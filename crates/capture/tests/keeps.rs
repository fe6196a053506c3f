//! What plays on over reloads: a recorder's file, and the readings of each node for itself.

mod song;

use std::time::Duration;

use patchline_graph::{Engine, Graph, Renderer, StreamSpec, engine};
use patchline_io::Backend;
use patchline_io::sim::{Blocks, Sim, SimConfig};
use patchline_patch::{Options, Registry, read};
use song::{Dice, RATE, graph, input, reload_with};

fn parsed(folder: &std::path::Path, text: &str) -> Graph {
    let loaded = read(text.as_bytes(), folder.join("p.toml")).unwrap();
    loaded.load(&Registry::standard(), &Options::default()).unwrap_or_else(|mistakes| panic!("{mistakes}")).graph
}

/// The graph with the nodes and links of another one beside it.
fn beside(mut graph: Graph, other: &Graph) -> Graph {
    other.nodes().for_each(|(name, node)| graph.insert(name.clone(), node.clone()));
    other.links().iter().for_each(|link| graph.push_link(link.clone()));
    graph
}

#[test]
fn a_recorder_that_stays_keeps_its_file_without_a_lost_frame() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = parsed(
        folder.path(),
        "links = [\"desk -> rec\"]\n[nodes.desk]\ntype = \"input\"\nchannels = [0]\n[nodes.rec]\ntype = \"file_sink\"\n\
         path = \"take.wav\"\nsubtype = \"FLOAT\"\n",
    );
    let blocks = Blocks::Random { shortest: 1, longest: 700 };
    let config = SimConfig { seed: 5, blocks, max_frames: 700, ..SimConfig::default() };
    let mut device = Sim::open(config).unwrap().with_input(input);
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, 700, 2, 2));
    let mut dice = Dice(5);
    engine.load(beside(graph(&mut dice), &recorder)).unwrap();
    assert!(device.start(renderer).is_ok());
    let mut at = 2_000;
    for _ in 0..60 {
        reload_with(&mut engine, &mut dice, at, |graph| beside(graph, &recorder));
        while device.stats().frames < at {
            device.pass(Duration::from_millis(5));
            engine.wait_ready(700);
        }
        at += dice.between(1_000, 3_000) as u64;
    }
    let frames = device.stats().frames;
    engine.close(device.stop().unwrap());
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["take.wav"]);
    let recorded = samples(&folder.path().join("take.wav"));
    assert_eq!(recorded.len() as u64, frames);
    let differs = recorded.iter().zip(0..).position(|(sample, frame)| sample.to_bits() != input(frame, 0).to_bits());
    assert_eq!(differs, None, "the first frame that is not as it was played");
}

fn samples(path: &std::path::Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").expect("a WAV file has data") + 8;
    bytes[data..].chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn rendered(renderer: &mut Renderer, level: f32, frames: usize) {
    let (input, mut output) = (vec![level; frames], vec![0.0; frames]);
    renderer.render(frames, &[&input], &mut [&mut output]);
}

/// Linear, to four digits.
fn peak(readings: &patchline_graph::Readings) -> f64 {
    let db = readings.get("peak", 0).expect("a meter has it");
    (10_f64.powf(db / 20.0) * 1e4).round() / 1e4
}

/// A meter that is replaced under its name, and still sounds.
#[test]
fn readings_belong_to_the_node_that_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let with = |kind: &str| {
        let text = format!(
            "links = [\"mic -> n -> out\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.out]\ntype = \"output\"\n[nodes.n]\n{kind}"
        );
        parsed(folder.path(), &text)
    };
    let meter = "type = \"meter\"\nwindow = \"1 ms\"\n";
    let (mut engine, mut renderer): (Engine, Renderer) = engine(StreamSpec::new(RATE, 64, 1, 1));
    engine.load(with(meter)).unwrap();
    rendered(&mut renderer, 0.5, 480);
    let first = engine.readings("n").unwrap();
    assert_eq!(peak(&first), 0.5);
    // Of another type, then a meter again, while the first one is on its way out.
    engine.load(with("type = \"gain\"\n")).unwrap();
    assert!(engine.readings("n").is_none_or(|readings| readings.get("peak", 0).is_none()));
    engine.load(with(meter)).unwrap();
    let second = engine.readings("n").unwrap();
    rendered(&mut renderer, 0.5, 200);
    assert_eq!(engine.leaving().collect::<Vec<_>>(), ["n", "n"]);
    assert!(peak(&second) < 0.1, "it has begun to fade in: {}", peak(&second));
    assert!(peak(&first) > 0.4, "it has begun to fade out: {}", peak(&first));
    rendered(&mut renderer, 0.5, 4_800);
    engine.collect();
    rendered(&mut renderer, 0.25, 480);
    assert_eq!((engine.leaving().count(), peak(&second)), (0, 0.25));
    assert!(peak(&first) < 1e-3, "its own last value, which nobody changes any more: {}", peak(&first));
    engine.close(renderer);
}
