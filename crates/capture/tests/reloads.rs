//! Random reloads on the simulated device, under a sine: nothing is lost, nothing clicks, and no block means anything.

mod song;

use std::time::Duration;

use patchline_graph::{Renderer, StreamSpec, engine};
use patchline_guard::{CountingAllocator, Guard, Kind, Watch};
use patchline_io::sim::{Blocks, Sim, SimConfig};
use patchline_io::{Backend, Block, Callback};
use song::{Dice, Found, Heard, RATE, graph, input, reload};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// From one load to the next, in frames.
const PAUSE: (usize, usize) = (1_500, 4_000);

/// A renderer that is watched.
struct Watched {
    renderer: Renderer,
    guard: Guard,
}

impl Callback for Watched {
    fn process(&mut self, block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        self.guard.visit(|| self.renderer.process(block, inputs, outputs));
    }
}

/// What is heard of so many loads, which fade for so many frames.
fn played(seed: u64, loads: usize, fade: u64, blocks: Blocks) -> Heard {
    let config = SimConfig { seed, blocks, max_frames: blocks.longest(), ..SimConfig::default() };
    let mut device = Sim::open(config).unwrap().with_input(input).recording();
    let (mut engine, renderer) = engine(StreamSpec { fade, ..StreamSpec::new(RATE, blocks.longest(), 2, 2) });
    let mut dice = Dice(seed);
    engine.load(graph(&mut dice)).unwrap();
    let guard = Guard::new(Watch::available().without(Kind::PageFaults));
    assert!(device.start(Watched { renderer, guard: guard.clone() }).is_ok());
    let (mut at, mut frames) = (3_000, Vec::new());
    for _ in 0..loads {
        reload(&mut engine, &mut dice, at);
        frames.push(at);
        while device.stats().frames < at {
            device.pass(Duration::from_millis(5));
        }
        at += dice.between(PAUSE.0, PAUSE.1) as u64;
    }
    while device.stats().frames < at + 5_000 {
        device.pass(Duration::from_millis(5));
    }
    engine.collect();
    assert_eq!(engine.leaving().collect::<Vec<_>>(), [""; 0], "all that left has ended\n{}", engine.schedule());
    assert_eq!((engine.stats().late_sets, engine.stats().events_lost), (0, 0));
    let mut channels = device.take_recording().channels.into_iter();
    engine.close(device.stop().unwrap().renderer);
    let report = guard.report();
    assert_eq!(report.violations(), 0, "{report}");
    let (sound, counted) = (channels.next().unwrap(), channels.next().unwrap());
    Heard { sound, frames: counted, loads: frames }
}

#[test]
fn a_sine_survives_random_reloads() {
    let loads = if std::env::var_os("PATCHLINE_FULL").is_some() { 1_000 } else { 300 };
    let heard = played(1, loads, 960, Blocks::Random { shortest: 1, longest: 700 });
    assert!(heard.is_whole(), "each frame is there, once");
    let Found { second, bound, high_db } = heard.judge(PAUSE.0);
    println!("{loads} reloads: second difference {second:.2e} of at most {bound:.2e}, {high_db:.1} dB above 2 kHz");
    assert!(second < bound, "{second} {bound}");
    assert!(high_db < -60.0, "{high_db} dB");
}

/// The test above would hear a click.
#[test]
fn with_fades_of_one_frame_it_clicks() {
    let Found { second, bound, high_db } = played(1, 40, 1, Blocks::Fixed(128)).judge(PAUSE.0);
    assert!(second > 2.0 * bound, "{second} {bound}");
    assert!(high_db > -30.0, "{high_db} dB");
}

#[test]
fn any_block_gives_the_same_bits() {
    let bits = |block: usize| -> Vec<u32> {
        let heard = played(2, 25, 960, Blocks::Fixed(block));
        assert!(heard.is_whole());
        let length = (*heard.loads.last().unwrap() + 5_000) as usize;
        heard.sound[..length].iter().map(|sample| sample.to_bits()).collect()
    };
    let expected = bits(64);
    for block in [1, 333, 1_000] {
        assert!(bits(block) == expected, "{block}");
    }
}
