//! What goes through arrives: at once, and as it was rendered.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use patchline_graph::{Graph, StreamSpec, engine};
use patchline_io::{Block, Callback, FnCallback, IoStats};
use patchline_nodes::{Delay, Gain, Input, Output};

use crate::support::{Server, alone, full, open, request};

/// A sample that says which one it is: never 0, and exact in f32.
fn stamp(frame: u64) -> f32 {
    (frame % 65_521 + 1) as f32 / 65_536.0
}

pub(crate) fn source() -> impl Callback {
    FnCallback(|block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]| {
        outputs[0].iter_mut().zip(block.position..).for_each(|(sample, frame)| *sample = stamp(frame));
    })
}

type Heard = Vec<(bool, Vec<f32>, Vec<f32>)>;

/// Hears two channels: block by block, whether it follows the one before.
pub(crate) fn sink(to: SyncSender<(bool, Vec<f32>, Vec<f32>)>) -> impl Callback {
    FnCallback(move |block: Block, inputs: &[&[f32]], _: &mut [&mut [f32]]| {
        let _ = to.try_send((block.discontinuity, inputs[0].to_vec(), inputs[1].to_vec()));
    })
}

/// Source → `middle` → sink, and source → sink: three clients. Gives what the sink heard once the source plays.
fn through(middle: impl Callback, frames: usize, mut rate: impl FnMut(f64)) -> Heard {
    let mut source_device = open(&request("source", None, Some(""))).unwrap();
    let mut middle_device =
        open(&request("middle", Some("source"), Some(""))).unwrap_or_else(|error| panic!("{error}"));
    middle_device.start(middle).unwrap();
    let mut sink_device = open(&request("sink", Some("*:out_1"), None)).unwrap();
    assert_eq!(sink_device.spec().inputs, 2, "the source's port and the middle's");
    let (send, heard): (_, Receiver<_>) = sync_channel(100_000);
    sink_device.start(sink(send)).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    // What has come so far is from before.
    heard.try_iter().for_each(drop);
    let passed = |stats: IoStats| stats.frames + stats.frames_lost;
    let (began, before) = (Instant::now(), passed(sink_device.stats()));
    source_device.start(source()).unwrap();
    let (mut all, mut count) = (Heard::new(), 0);
    while count < frames {
        let block = heard.recv_timeout(Duration::from_secs(20)).expect("the sink is called");
        count += block.1.len();
        all.push(block);
    }
    rate((passed(sink_device.stats()) - before) as f64 / began.elapsed().as_secs_f64());
    let _ = (source_device.stop(), middle_device.stop(), sink_device.stop());
    let first = all.iter().position(|block| block.1.iter().any(|&sample| sample != 0.0)).expect("the source is heard");
    all.split_off(first)
}

fn pass() -> impl Callback {
    FnCallback(|_: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| outputs[0].copy_from_slice(inputs[0]))
}

#[test]
fn a_client_in_between_adds_no_frame() {
    alone("sound::a_client_in_between_adds_no_frame", || {
        for block in [64, 256, 1_024] {
            let _server = Server::start(block);
            let heard = through(pass(), 24_000, |_| {});
            let direct: Vec<f32> = heard.iter().flat_map(|block| block.1.iter().copied()).collect();
            let detour: Vec<f32> = heard.iter().flat_map(|block| block.2.iter().copied()).collect();
            assert!(direct.len() > 10_000 && direct.iter().all(|&sample| sample != 0.0));
            assert_eq!(direct, detour, "blocks of {block} frames");
        }
    });
}

#[test]
fn what_is_heard_is_what_is_rendered() {
    alone("sound::what_is_heard_is_what_is_rendered", || {
        let graph = || {
            let mut graph = Graph::new();
            graph.add("in", Input::default()).unwrap();
            graph.add("echo", Delay { mix: 0.4, ..Delay::new("1234 smp".parse().unwrap()) }).unwrap();
            graph.add("trim", Gain { gain: "-3 dB".parse().unwrap(), ..Gain::default() }).unwrap();
            graph.add("out", Output::default()).unwrap();
            graph.chain(&["in", "echo", "trim", "out"]).unwrap();
            graph
        };
        let _server = Server::start(1_024);
        let (mut live, renderer) = engine(StreamSpec::new(48_000, 1_024, 1, 1));
        live.load(graph()).unwrap();
        let heard = through(renderer, 96_000, |_| {});
        let input: Vec<f32> = heard.iter().flat_map(|block| block.1.iter().copied()).collect();
        let output: Vec<f32> = heard.iter().flat_map(|block| block.2.iter().copied()).collect();

        let (mut offline, mut renderer) = engine(StreamSpec::new(48_000, 1_024, 1, 1));
        offline.load(graph()).unwrap();
        let mut expected = vec![0.0; input.len()];
        renderer.render(input.len(), &[&input], &mut [&mut expected]);
        assert!(expected.len() > 48_000);
        let differs = expected.iter().zip(&output).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(differs, None, "the first frame that differs");
    });
}

#[test]
fn the_clock_is_the_servers() {
    alone("sound::the_clock_is_the_servers", || {
        let _server = Server::with(&[], &["-r", "48000", "-p", "1024"]);
        let seconds = if full() { 10 } else { 3 };
        let mut rates = Vec::new();
        // Again where the machine was too busy to tell.
        let near = |rate: &f64| (47_520.0..=48_480.0).contains(rate);
        while rates.len() < 3 && !rates.last().is_some_and(near) {
            through(pass(), 48_000 * seconds, |rate| rates.push(rate));
        }
        assert!(rates.last().is_some_and(near), "{rates:?} frames/s");
    });
}
