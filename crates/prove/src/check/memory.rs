//! Memory: as much as declared, and there before the first block.

use patchline_graph::{Node, PrepareSpec};
use patchline_guard::{
    Availability, Guard, Heap, Kind, Watch, measure_heap, measure_heap_of_process, prefault_code, prefault_stack,
    with_fresh_pages,
};

use crate::proof::Row;
use crate::stage::{self, Feed, Stage};
use crate::{Check, Prove, Verdict, signal};

/// What a node need not declare: names and queues, in bytes.
const SMALL_CHANGE: usize = 4_096;

pub(crate) fn footprint<N: Node>(prove: &Prove<N>) -> Row {
    let mut worst = String::new();
    for node in prove.all() {
        for channels in [1, prove.channels, 8] {
            match taken(prove, node, channels) {
                Ok((_, None)) => {
                    return Row::new(
                        Check::Footprint,
                        Verdict::NotChecked,
                        "the global allocator is no CountingAllocator",
                    );
                }
                Ok((declared, Some(heap))) if heap.peak() <= declared + SMALL_CHANGE => {
                    worst = format!("{} bytes taken, {declared} declared, {channels} channels", heap.peak());
                }
                Ok((declared, Some(heap))) => {
                    let error = format!("{} bytes taken, {declared} declared, {channels} channels", heap.peak());
                    return Row::new(Check::Footprint, Verdict::Broken, error);
                }
                // A node need not take every number of channels.
                Err(_) if channels != prove.channels => {}
                Err(error) => return Row::new(Check::Footprint, Verdict::Broken, error),
            }
        }
    }
    Row::new(Check::Footprint, Verdict::Holds, worst)
}

/// What the node declares, and what it takes at most.
fn taken<N: Node>(prove: &Prove<N>, node: &N, channels: usize) -> Result<(usize, Option<Heap>), String> {
    let ports = node.ports();
    let width = |port: &patchline_graph::Port| stage::width(port.channels, channels);
    let spec = PrepareSpec {
        name: stage::NAME.to_owned(),
        rate: prove.rate,
        max_frames: prove.max_frames,
        inputs: ports.inputs.iter().map(width).collect(),
        outputs: ports.outputs.iter().map(width).collect(),
        ..PrepareSpec::default()
    };
    node.check(&spec).map_err(|error| error.to_string())?;
    let prepare = || node.prepare(&spec).map_err(|error| error.to_string());
    let (processor, heap) = if prove.alone { measure_heap_of_process(prepare) } else { measure_heap(prepare) };
    processor.map(|_| (node.footprint(&spec), heap))
}

pub(crate) fn first_block<N: Node>(prove: &Prove<N>) -> Row {
    let needed = [Kind::PageFaults, Kind::Allocations].map(Kind::availability);
    match needed.into_iter().find(|availability| *availability != Availability::Watched) {
        Some(gap) => Row::new(Check::FirstBlock, Verdict::NotChecked, gap.to_string()),
        None => Row::judge(Check::FirstBlock, touched(prove)),
    }
}

/// A run first, which brings what has nothing to do with the node. Then a fresh one, whose memory is not what the first
/// has given back.
fn touched<N: Node>(prove: &Prove<N>) -> Result<String, String> {
    prefault_code();
    prefault_stack();
    let mut warm = Stage::new(prove, Feed::Device)?;
    (0..8).for_each(|_| block(prove, &mut warm, &Guard::new(Watch::nothing())));
    warm.close();
    let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
    let mut fresh = with_fresh_pages(|| Stage::new(prove, Feed::Device))?;
    block(prove, &mut fresh, &guard);
    fresh.close();
    match guard.report().violations() {
        0 => Ok(format!("0 page faults in the first {} frames", prove.max_frames)),
        faults => {
            let frames = prove.max_frames;
            Err(format!("{faults} page faults in the first {frames} frames: write to every page in `prepare`"))
        }
    }
}

/// One block, in a visit; everything it reads and writes has been touched before.
fn block<N: Node>(prove: &Prove<N>, stage: &mut Stage, guard: &Guard) {
    let channels = stage::device_channels(&prove.node, prove.channels);
    let input = signal::noise(6, channels, prove.max_frames, 0.5);
    let inputs: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
    let mut output = vec![vec![1.0_f32; prove.max_frames]; stage.outputs];
    let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    stage.engine.wait_ready(prove.max_frames);
    guard.visit(|| stage.renderer.render(prove.max_frames, &inputs, &mut outputs));
}
