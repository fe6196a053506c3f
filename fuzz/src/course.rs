//! What is done with an engine while it plays, rendered in blocks of any length.

use arbitrary::{Result, Unstructured};
use patchline_graph::{Engine, EventKind, LoadError, Node, Stats, StreamSpec, engine};
use patchline_guard::measure_heap;
use patchline_nodes::FileSource;
use patchline_patch::Checked;

use crate::patch::is_well_said;

/// What a load takes beside buffers and processors: the graph itself, names, the schedule, queues.
const SMALL_CHANGE: usize = 1 << 20;
/// Channels of the device's output.
const OUTPUTS: usize = 4;
/// The most samples that buffers, processors and frames together stand for in a course: bounds its time.
const MOST_WORK: usize = 1 << 22;

/// What happens between two stretches of sound.
enum Change {
    Nothing,
    /// Loads one of the patches.
    Load(usize),
    /// Gives a node the parameters that it has in one of the patches, so many frames later.
    Set {
        patch: usize,
        node: usize,
        after: Option<u64>,
    },
    /// Leaves a node out, or takes it back.
    Bypass {
        node: usize,
        on: bool,
        after: Option<u64>,
    },
    /// Forgets all signal state.
    Reset,
}

/// A change, then frames.
struct Stretch {
    change: Change,
    frames: usize,
    /// Lengths of callbacks, again and again, in the run that is cut.
    cuts: [usize; 3],
}

/// Changes and stretches of sound, and what comes in.
pub(crate) struct Course {
    stretches: Vec<Stretch>,
    seed: u32,
    loudness: f32,
    wild: bool,
}

impl Course {
    pub(crate) fn choose(u: &mut Unstructured<'_>, patches: usize) -> Result<Self> {
        let mut stretches = vec![Stretch { change: Change::Load(0), ..Stretch::choose(u, patches)? }];
        for _ in 0..u.int_in_range(1..=6)? {
            stretches.push(Stretch::choose(u, patches)?);
        }
        let loudness = *u.choose(&[0.5, 0.0, 1.0, 1e30, 1e-39, 1e-15])?;
        Ok(Self { stretches, seed: u.arbitrary()?, loudness, wild: u.ratio(1, 4)? })
    }

    /// Plays it in two ways, and insists on what must hold.
    pub(crate) fn holds(&self, patches: &[Option<Checked>]) {
        let Some(Some(first)) = patches.first() else { return };
        let frames: usize = self.stretches.iter().map(|stretch| stretch.frames).sum();
        let steps = patches.iter().flatten().map(|patch| patch.schedule.buffers + patch.schedule.terms.len()).max();
        if steps.unwrap_or(0).saturating_mul(frames) > MOST_WORK {
            return;
        }
        let whole = self.play(&first.stream, patches, false);
        let cut = self.play(&first.stream, patches, true);
        let bits = |sound: &[Vec<f32>]| sound.concat().iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        assert_eq!(bits(&whole), bits(&cut), "the lengths of the callbacks can be heard");
    }

    /// Channels × frames of output.
    fn play(&self, stream: &StreamSpec, patches: &[Option<Checked>], cut: bool) -> Vec<Vec<f32>> {
        let (mut engine, mut renderer) = engine(stream.clone());
        let mut sound = vec![Vec::new(); OUTPUTS];
        for stretch in &self.stretches {
            match &stretch.change {
                Change::Nothing => {}
                Change::Load(patch) => load(&mut engine, patches.get(*patch)),
                Change::Set { patch, node, after } => {
                    let node =
                        patches.get(*patch).and_then(Option::as_ref).and_then(|p| p.loaded.graph.nodes().nth(*node));
                    if let Some((name, node)) = node {
                        let at = after.map(|after| renderer.position() + after);
                        // A node that is not there, or will not have them, plays on.
                        let _ = engine.set_any(name.as_str(), node.clone(), at);
                    }
                }
                Change::Bypass { node, on, after } => {
                    let name = engine.graph().nodes().nth(*node).map(|(name, _)| name.to_string());
                    let at = after.map(|after| renderer.position() + after);
                    let _ = engine.bypass(&name.unwrap_or_default(), *on, at);
                }
                Change::Reset => renderer.reset(),
            }
            let lengths = if cut { &stretch.cuts[..] } else { &[4096] };
            let mut done = 0;
            for length in lengths.iter().cycle() {
                let frames = (*length).min(stretch.frames - done);
                // Threads that read files keep two of the longest blocks ready, not any length.
                let frames = if reads_files(&engine) { frames.min(2 * stream.max_frames) } else { frames };
                engine.wait_ready(frames);
                self.render(&mut renderer, frames, stream.inputs, &mut sound);
                done += frames;
                if done == stretch.frames {
                    break;
                }
            }
            while let Some(event) = engine.next_event() {
                assert!(!matches!(event.kind, EventKind::Panicked | EventKind::Allocated { .. }), "{event:?}");
            }
            engine.collect();
        }
        is_sound(&engine.stats(), &sound);
        engine.close(renderer);
        sound
    }

    fn render(&self, renderer: &mut patchline_graph::Renderer, frames: usize, inputs: usize, sound: &mut [Vec<f32>]) {
        let start = renderer.position();
        let input: Vec<Vec<f32>> = (0..inputs)
            .map(|channel| (0..frames).map(|at| self.sample(channel, start + at as u64)).collect())
            .collect();
        let input: Vec<&[f32]> = input.iter().map(Vec::as_slice).collect();
        let mut output = vec![vec![f32::NAN; frames]; OUTPUTS];
        let mut output: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
        renderer.render(frames, &input, &mut output);
        for (sound, output) in sound.iter_mut().zip(output) {
            sound.extend_from_slice(output);
        }
    }

    /// Noise, with what no device should send in it.
    fn sample(&self, channel: usize, frame: u64) -> f32 {
        let mut x = self.seed ^ (frame as u32).wrapping_mul(0x9e37_79b9) ^ (channel as u32).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 15)).wrapping_mul(0x2c1b_3c6d);
        x ^= x >> 12;
        match x % 64 {
            0 if self.wild => f32::NAN,
            1 if self.wild => f32::INFINITY,
            2 if self.wild => f32::MIN_POSITIVE / 8.0,
            3 if self.wild => f32::MAX,
            _ => ((x >> 8) as f32 / 16_777_216.0 - 0.5) * self.loudness,
        }
    }
}

impl Stretch {
    fn choose(u: &mut Unstructured<'_>, patches: usize) -> Result<Self> {
        let node = u.int_in_range(0..=9)?;
        let after = if u.arbitrary()? { Some(u.int_in_range(0..=300)?) } else { None };
        let change = match u.int_in_range(0..=7)? {
            0 => Change::Nothing,
            1..=2 => Change::Load(u.choose_index(patches)?),
            3..=5 => Change::Set { patch: u.choose_index(patches)?, node, after },
            6 => Change::Bypass { node, on: u.arbitrary()?, after },
            _ => Change::Reset,
        };
        let cuts = [u.int_in_range(1..=300)?, u.int_in_range(1..=64)?, u.int_in_range(1..=9)?];
        Ok(Self { change, frames: u.int_in_range(0..=400)?, cuts })
    }
}

/// Loads a patch; one that the stream does not have the channels or the memory for is refused in words, with a place.
fn load(engine: &mut Engine, patch: Option<&Option<Checked>>) {
    let Some(Some(patch)) = patch else { return };
    let budget = engine.stream().max_memory;
    let (loaded, heap) = measure_heap(|| engine.load(patch.loaded.graph.clone()));
    let heap = heap.expect("a counting allocator is installed");
    assert!(heap.peak() <= budget + SMALL_CHANGE, "{} bytes taken of {budget}", heap.peak());
    match loaded {
        Ok(_) => engine.schedule().verify().expect("what plays is sound"),
        Err(LoadError::Graph(errors)) => is_well_said(&patch.loaded.locate(&errors)),
        Err(error) => panic!("{error}"),
    }
}

fn is_sound(stats: &Stats, sound: &[Vec<f32>]) {
    assert_eq!((stats.panics, stats.allocations), (0, 0), "{stats:?}");
    assert!(sound.iter().flatten().all(|sample| sample.is_finite()), "not a number");
}

fn reads_files(engine: &Engine) -> bool {
    engine.graph().nodes().any(|(_, node)| node.kind() == FileSource::KIND)
}
