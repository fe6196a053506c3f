//! Random reloads on a JACK server, under a sine that the callback makes itself.

use patchline_graph::{Renderer, StreamSpec, engine};
use patchline_guard::{Guard, Kind, Watch};
use patchline_io::{Block, Callback};

use crate::song::{Dice, Found, Heard, RATE, graph, input, reload};
use crate::{Server, on_a_server_of_its_own, open, until};

/// The server's block, in frames.
const BLOCK: usize = 128;
/// From one load to the next, in frames.
const PAUSE: (usize, usize) = (700, 1_700);

/// A renderer with an input of its own, whose output is kept in memory that is there before.
struct Played {
    renderer: Renderer,
    guard: Guard,
    /// A second of the sine, which is as many periods as it has Hz.
    sine: Vec<f32>,
    heard: [Vec<f32>; 2],
}

impl Callback for Played {
    fn process(&mut self, block: Block, _: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Self { renderer, guard, sine, heard } = self;
        guard.visit(|| {
            let start = renderer.position();
            let (mut tone, mut number) = ([0.0; BLOCK], [0.0; BLOCK]);
            for (offset, (tone, number)) in tone.iter_mut().zip(&mut number).enumerate() {
                let frame = start + offset as u64;
                (*tone, *number) = (sine[frame as usize % sine.len()], frame as f32);
            }
            let frames = block.frames.min(BLOCK);
            renderer.render(frames, &[&tone, &number], outputs);
            let room = heard[0].capacity() - heard[0].len();
            for (heard, samples) in heard.iter_mut().zip(outputs) {
                heard.extend_from_slice(&samples[..frames.min(room)]);
            }
        });
    }
}

#[test]
fn a_sine_survives_random_reloads_on_jack() {
    on_a_server_of_its_own("reloads::a_sine_survives_random_reloads_on_jack", played_on_jack);
}

fn played_on_jack() {
    let loads = if std::env::var_os("PATCHLINE_FULL").is_some() { 1_000 } else { 200 };
    let _server = Server::start(BLOCK);
    let (mut engine, renderer) = engine(StreamSpec::new(RATE, BLOCK, 2, 2));
    let mut dice = Dice(3);
    engine.load(graph(&mut dice)).unwrap();
    let guard = Guard::new(Watch::available().without(Kind::PageFaults));
    let sine: Vec<f32> = (0..u64::from(RATE)).map(|frame| input(frame, 0)).collect();
    let heard = [0, 1].map(|_| touched((loads + 20) * 2 * PAUSE.1));
    let mut device = open("reloads", None);
    device.start(Played { renderer, guard: guard.clone(), sine, heard }).expect("it starts");
    let mut frames = Vec::new();
    for _ in 0..loads {
        // Somewhere in a block, and well after what can be heard by then.
        let at = engine.stats().frames + 8 * BLOCK as u64 + dice.between(0, BLOCK) as u64;
        let at = at.max(frames.last().map_or(3_000, |last| last + dice.between(PAUSE.0, PAUSE.1) as u64));
        reload(&mut engine, &mut dice, at);
        frames.push(at);
        until("it is loaded", || engine.stats().frames >= at);
    }
    let end = engine.stats().frames + 5_000;
    until("all has ended", || engine.stats().frames >= end);
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    let Played { renderer, heard: [sound, counted], .. } = device.stop().unwrap();
    engine.close(renderer);
    let report = guard.report();
    assert_eq!(report.violations(), 0, "{report}");
    let heard = Heard { sound, frames: counted, loads: frames };
    assert!(heard.is_whole(), "each frame is there, once");
    let Found { second, bound, high_db } = heard.judge(PAUSE.0);
    eprintln!("{loads} reloads on JACK: second difference {second:.2e} of {bound:.2e}, {high_db:.1} dB above 2 kHz");
    assert!(second < bound, "{second} {bound}");
    assert!(high_db < -60.0, "{high_db} dB");
}

/// An empty list with room for so many samples, whose pages are there.
fn touched(samples: usize) -> Vec<f32> {
    let mut list = vec![1.0; samples];
    list.clear();
    list
}
