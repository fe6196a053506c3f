//! The first block on a device's fresh thread brings no page, and a page that nobody touched before shows.
#![cfg(target_os = "linux")]

use patchline_graph::{
    DeviceChannels, Graph, Io, NoProcessor, Node, NodeError, Ports, PrepareSpec, Processor, Renderer, StreamSpec,
    TimeSource, Timing, engine, engine_timed,
};
use patchline_guard::{CountingAllocator, Guard, Kind, Watch, with_fresh_pages};
use patchline_io::flight::recorder;
use patchline_io::load::Measured;
use patchline_io::{Block, Callback, prefault_stack};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const FRAMES: usize = 256;
/// Samples of the delay: 100 pages.
const MEMORY: usize = 100 * 1024;

/// A delay of 100 pages, read all over in each block; touched in `prepare`, unless the test plants that it is not.
#[derive(Clone, PartialEq)]
struct Long {
    touched: bool,
}

struct LongProcessor(Vec<f32>);

impl Node for Long {
    const KIND: &'static str = "long";
    type Processor = LongProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<LongProcessor, NodeError> {
        // Zeros from the allocator are promised, but not there yet.
        let mut line = vec![0.0; MEMORY];
        if self.touched {
            line.fill(std::hint::black_box(0.0));
        }
        Ok(LongProcessor(line))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        MEMORY * size_of::<f32>()
    }
}

impl Processor for LongProcessor {
    type Params = Long;

    fn update(&mut self, _params: &Long) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let step = MEMORY / io.frames();
        let slots = self.0.iter_mut().step_by(step);
        io.main().channel(0).iter_mut().zip(slots).for_each(|(sample, slot)| std::mem::swap(sample, slot));
    }
}

/// The first channel of the device, in or out.
#[derive(Clone, PartialEq)]
struct Device {
    output: bool,
}

impl Node for Device {
    const KIND: &'static str = "device";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        if self.output { Ports::device_output(None) } else { Ports::device_input(DeviceChannels::All) }
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

/// What a device calls: a graph that was just loaded, all of it timed, with a flight recorder, and with so many changes
/// on their way.
fn callback(touched: bool, changes: u64) -> Measured<Renderer, TimeSource> {
    let time = TimeSource::monotonic();
    let stream = StreamSpec::new(48_000, FRAMES, 1, 1);
    let (mut engine, renderer) = engine_timed(stream, Timing { time: time.clone(), spans: 4_096 });
    let mut graph = Graph::new();
    graph.add("in", Device { output: false }).unwrap().add("out", Device { output: true }).unwrap();
    graph.add("long", Long { touched }).unwrap().chain(&["in", "long", "out"]).unwrap();
    engine.load(graph).unwrap();
    engine.profile(std::num::NonZeroU32::new(1));
    for number in 0..changes {
        engine.set("long", Long { touched }, Some(1_000_000 + number)).unwrap();
    }
    // Nobody closes it: the other end is enough for a callback to run.
    std::mem::forget(engine);
    Measured::with_clock(renderer, 48_000, time).0.recorded(recorder(10_000).0)
}

/// Pages that the first block of a fresh callback brings on a fresh thread.
fn first_block(touched: bool, changes: u64) -> u64 {
    let (inputs, mut outputs) = (vec![0.5_f32; FRAMES], vec![0.5_f32; FRAMES]);
    let block = Block { frames: FRAMES, position: 0, discontinuity: false };
    // The code has to be brought as well, which is no matter of the thread's.
    callback(true, changes).process(block, &[&inputs], &mut [&mut outputs]);
    let mut callback = with_fresh_pages(|| callback(touched, changes));
    let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            prefault_stack();
            guard.visit(|| ());
            guard.visit(|| callback.process(block, &[&inputs], &mut [&mut outputs]));
        });
    });
    assert_eq!(guard.report().visits(), 2);
    guard.report().violations_of(Kind::PageFaults)
}

#[test]
fn the_first_block_of_a_fresh_thread_brings_no_page() {
    assert_eq!(first_block(true, 0), 0);
}

#[test]
fn as_many_changes_as_can_wait_for_their_frames_bring_no_page() {
    assert_eq!(first_block(true, 1_000), 0);
}

/// A message is read whole, even what it does not fill, and its place may reach into a page that nobody has used yet.
/// Whether it does depends on where the ring lies: several are tried.
#[test]
fn messages_one_by_one_bring_no_page() {
    let mut engines: Vec<_> =
        (0..16).map(|_| with_fresh_pages(|| engine(StreamSpec::new(48_000, FRAMES, 1, 1)))).collect();
    for (engine, renderer) in &mut engines {
        let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
        // More than the ring holds, once around.
        for number in 0..1_100 {
            engine.load(Graph::new()).unwrap();
            let mut render = || renderer.render(1, &[], &mut []);
            // The code has to be brought first.
            if number < 3 {
                render()
            } else {
                guard.visit(render)
            }
            engine.collect();
            while engine.next_event().is_some() {}
        }
        assert_eq!(guard.report().violations_of(Kind::PageFaults), 0);
    }
}

/// The tests above would notice.
#[test]
fn memory_that_nobody_touched_shows() {
    assert!(first_block(false, 0) > 90, "100 pages were not there");
}

/// Uses as much of the stack as a deep callback does.
#[inline(never)]
fn deep() -> u8 {
    let mut room = [0_u8; 64 * 1024];
    std::hint::black_box(&mut room);
    room[1]
}

#[test]
fn a_stack_that_was_touched_brings_no_page() {
    let faults = |prefault: bool| {
        let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if prefault {
                    prefault_stack();
                }
                guard.visit(|| ());
                guard.visit(|| std::hint::black_box(deep()));
            });
        });
        guard.report().violations_of(Kind::PageFaults)
    };
    deep();
    assert_eq!(faults(true), 0);
    // A thread may get the stack of one that has ended: some of several must show.
    assert!((0..8).any(|_| faults(false) > 8), "a fresh stack is not there");
}
