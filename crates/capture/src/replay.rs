//! Renders again what was captured.

use std::ops::ControlFlow;
use std::path::PathBuf;

use patchline_graph::{Edit, Engine, Graph, LoadError, Loaded, NodeName, Renderer, engine};
use patchline_io::channels::Planar;
use patchline_nodes::Register;
use patchline_patch::Registry;

use crate::block::{BlockRecord, MOST_CHANNELS, MOST_SAMPLES};
use crate::hash::Hash;
use crate::record::{Call, Deed, Record};
use crate::recording::{next, records};
use crate::unwritten::Unwritten;
use crate::verdict::{Difference, SampleDifference, Verdict, changed, moved, reasons, short};
use crate::{Recording, ReplayError, Source, Start, Take};

/// The most missing frames that are rendered as silence, in seconds.
const LONGEST_GAP: u64 = 3_600;
/// The highest rate of a device, in Hz.
const MOST_RATE: u32 = 10_000_000;

/// How a capture is replayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Where the patch's files are, if no longer where they were.
    pub folder: Option<PathBuf>,
}

/// A block that was rendered again.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What it was rendered on.
    pub start: &'a Start,
    /// Which of the engines, from 0.
    pub take: usize,
    /// Frames of silence that stand for missing blocks before it.
    pub gap: u64,
    /// The block as it was captured.
    pub block: &'a BlockRecord,
    /// What was rendered: channels × `block.frames`; there may be room for more frames.
    pub outputs: &'a Planar,
}

impl Recording {
    /// Renders everything again, block by block, and compares the bits. Recorders write nothing meanwhile.
    ///
    /// `each` sees every block, and may end it.
    ///
    /// # Errors
    /// A file that cannot be read any more, a patch that cannot be loaded here, [`ReplayError::Unwritable`],
    /// [`ReplayError::Damaged`]; [`ReplayError::Cancelled`] when `each` breaks.
    pub fn replay(
        &self,
        registry: &Registry,
        how: &Replay,
        mut each: impl FnMut(&Heard<'_>) -> ControlFlow<()>,
    ) -> Result<Verdict, ReplayError> {
        let mut registry = registry.clone();
        registry.node::<Unwritten>();
        let files = self.changed_files(how);
        let mut verdict = Verdict { short: short(self), ..Verdict::default() };
        let mut records = records(&self.path)?;
        let (mut number, mut player) = (0, None);
        while let Some(record) = next(&mut records, &self.path)? {
            match record {
                Record::Start(_) => {
                    // The file has not fewer than when it was opened, or it ends here.
                    let Some(take) = self.takes.get(number) else { break };
                    player = Some(Player::new(take, number, &registry, how, &files)?);
                    number += 1;
                }
                Record::Block(block) => {
                    let Some(player) = &mut player else { continue };
                    let gap = player.play(&block, &mut verdict)?;
                    let take = number - 1;
                    let start = &self.takes[take].start;
                    if each(&Heard { start, take, gap, block: &block, outputs: &player.outputs }).is_break() {
                        return Err(ReplayError::Cancelled(verdict.blocks));
                    }
                }
                _ => {}
            }
        }
        drop(player);
        if !verdict.is_identical() {
            verdict.reasons = reasons(self, &files);
        }
        Ok(verdict)
    }

    /// What is not as it was of the files that the patches read.
    #[must_use]
    pub fn changed_files(&self, how: &Replay) -> Vec<String> {
        let told = |take: &Take| {
            let sources = take.calls.iter().find_map(|call| match &call.deed {
                Deed::Load(source) | Deed::LoadAt { patch: source, .. } | Deed::Dip(source) => Some(source),
                _ => None,
            });
            changed(&take.files, &|file| moved(file, how.folder.as_deref().zip(sources)))
        };
        let mut all: Vec<String> = self.takes.iter().flat_map(told).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Plays one engine's part.
struct Player<'a> {
    take: &'a Take,
    number: usize,
    registry: &'a Registry,
    how: &'a Replay,
    files: &'a [String],
    engine: Engine,
    renderer: Option<Renderer>,
    outputs: Planar,
    /// The patch loaded last, and the calls made so far.
    source: Option<Source>,
    calls: usize,
    blocks: u64,
    /// Whether blocks are missing before here, and how many frames.
    after_gap: bool,
    silence: u64,
}

impl<'a> Player<'a> {
    fn new(
        take: &'a Take,
        number: usize,
        registry: &'a Registry,
        how: &'a Replay,
        files: &'a [String],
    ) -> Result<Self, ReplayError> {
        let start = &take.start;
        let Start { rate, inputs, outputs, max_frames, .. } = *start;
        if inputs.max(outputs) > MOST_CHANNELS || !(1..=MOST_RATE).contains(&rate) || max_frames == 0 {
            let device = format!("{rate} Hz, {inputs} in, {outputs} out, blocks of at most {max_frames} frames");
            return Err(ReplayError::Damaged(format!(
                "start {} is of no device that there can be: {device}",
                number + 1
            )));
        }
        let (mut engine, renderer) = engine(start.stream());
        engine.sweep_until(0);
        Ok(Self {
            take,
            number,
            registry,
            how,
            files,
            engine,
            renderer: Some(renderer),
            outputs: Planar::new(start.outputs, 0),
            source: None,
            calls: 0,
            blocks: 0,
            after_gap: false,
            silence: 0,
        })
    }

    /// Renders a block and judges it; gives the frames of silence before it.
    fn play(&mut self, block: &BlockRecord, verdict: &mut Verdict) -> Result<u64, ReplayError> {
        let Start { inputs, outputs, .. } = self.take.start;
        if block.inputs.channels() != inputs || block.frames.saturating_mul(outputs) > MOST_SAMPLES {
            let (frame, channels) = (block.frame, block.inputs.channels());
            let what = format!("the block at frame {frame} has {channels} channels and {} frames", block.frames);
            return Err(ReplayError::Damaged(format!("{what}, and the device {inputs} in, {outputs} out")));
        }
        let gap = self.bridge(block)?;
        self.tell(block.messages)?;
        self.render(block);
        let hash = self.hash(block.frames);
        verdict.blocks += 1;
        verdict.frames += block.frames as u64;
        if self.after_gap {
            verdict.unjudged += 1;
        } else if hash != block.hash {
            verdict.differing += 1;
            verdict.first.get_or_insert_with(|| self.difference(block));
        }
        self.blocks += 1;
        self.engine.collect();
        while self.engine.next_event().is_some() {}
        Ok(gap)
    }

    /// Silence in place of missing blocks, so that frames keep their numbers.
    fn bridge(&mut self, block: &BlockRecord) -> Result<u64, ReplayError> {
        let position = self.renderer.as_ref().map_or(0, Renderer::position);
        let gap = block.missing_frames;
        if position.checked_add(gap) != Some(block.frame) {
            return Err(ReplayError::Damaged(format!("a block begins at frame {}, not {position}", block.frame)));
        }
        self.silence = self.silence.saturating_add(gap);
        if self.silence > LONGEST_GAP * u64::from(self.take.start.rate) {
            let what = format!("{gap} frames are missing at frame {position}, more than an hour in all");
            return Err(ReplayError::Damaged(what));
        }
        self.after_gap |= block.missing_blocks > 0;
        let most = self.take.start.max_frames.min(1 << 16);
        let mut left = gap;
        while left > 0 {
            let frames = usize::try_from(left).unwrap_or(usize::MAX).min(most);
            self.render(&BlockRecord { frames, ..BlockRecord::default() });
            left -= frames as u64;
        }
        Ok(gap)
    }

    /// Tells the engine what it had been told when the renderer had taken in so many messages.
    fn tell(&mut self, messages: u64) -> Result<(), ReplayError> {
        let take = self.take;
        while let Some(call) = take.calls.get(self.calls).filter(|call| call.first < messages) {
            if call.first != self.engine.sent() {
                return Err(ReplayError::Damaged(format!("before block {} something is missing", self.blocks)));
            }
            self.make(call)?;
            self.calls += 1;
            if call.end != self.engine.sent() {
                let what = format!("before block {} the engine makes other messages than it did", self.blocks);
                return Err(ReplayError::Damaged(what));
            }
        }
        if messages > self.engine.sent() {
            return Err(ReplayError::Damaged(format!("what was told before block {} is not in it", self.blocks)));
        }
        if let Some(renderer) = &mut self.renderer {
            renderer.receive_until(messages);
        }
        Ok(())
    }

    fn make(&mut self, call: &Call) -> Result<(), ReplayError> {
        self.engine.sweep_until(call.swept);
        match &call.deed {
            Deed::Load(source) => self.load(source, Engine::load)?,
            Deed::LoadAt { patch, at } => self.load(patch, |engine, graph| engine.load_at(graph, *at))?,
            Deed::Dip(source) => self.load(source, Engine::dip)?,
            Deed::Fade(frames) => self.engine.set_fade(*frames),
            Deed::Set { patch, bypass, at, over } => {
                let source = self.source.clone().unwrap_or_default().of_text(patch.clone());
                let loaded = source.load(self.registry).map_err(|mistakes| self.unloaded(&mistakes))?;
                let nodes = loaded.graph.nodes();
                let mut edits: Vec<Edit> =
                    nodes.map(|(name, node)| Edit::Node { name: name.clone(), node: node.clone() }).collect();
                for (name, &on) in bypass {
                    let wrong = |_| ReplayError::Damaged(format!("`{}` is no node", name.escape_debug()));
                    edits.push(Edit::Bypass { name: NodeName::new(name).map_err(wrong)?, on });
                }
                self.engine.change(&edits, *at, *over).map_err(|error| self.unloaded(&error))?;
            }
            Deed::Bypass { name, on, at } => {
                self.engine.bypass(name, *on, *at).map_err(|error| self.unloaded(&error))?;
            }
            Deed::Unwritable(what) => {
                return Err(ReplayError::Unwritable { block: self.blocks, what: what.clone() });
            }
        }
        Ok(())
    }

    fn load(
        &mut self,
        source: &Source,
        load: impl FnOnce(&mut Engine, Graph) -> Result<Loaded, LoadError>,
    ) -> Result<(), ReplayError> {
        let source = source.moved(self.how.folder.as_deref());
        let loaded = source.load(self.registry).map_err(|mistakes| self.unloaded(&mistakes))?;
        load(&mut self.engine, loaded.graph).map_err(|error| self.unloaded(&error))?;
        self.source = Some(source);
        Ok(())
    }

    /// Files that are not as they were are the likeliest cause.
    fn unloaded(&self, error: &dyn std::fmt::Display) -> ReplayError {
        let mut what = error.to_string().trim_end().to_owned();
        self.files.iter().for_each(|file| what += &format!("\n{file}"));
        ReplayError::Patch(what)
    }

    /// In pieces that readers of files can keep ready.
    fn render(&mut self, block: &BlockRecord) {
        if self.outputs.frames() < block.frames {
            self.outputs = Planar::new(self.take.start.outputs, block.frames);
        }
        let Some(renderer) = &mut self.renderer else { return };
        let most = self.take.start.max_frames;
        let mut done = 0;
        loop {
            let frames = most.min(block.frames - done);
            self.engine.wait_ready(frames);
            let channels = 0..block.inputs.channels();
            let inputs: Vec<&[f32]> = channels.map(|index| &block.inputs.channel(index)[done..done + frames]).collect();
            let outputs = self.outputs.iter_mut(block.frames).map(|channel| &mut channel[done..done + frames]);
            renderer.render(frames, &inputs, &mut outputs.collect::<Vec<_>>());
            done += frames;
            // A block of no frames takes messages in, too.
            if done >= block.frames {
                return;
            }
        }
    }

    fn hash(&self, frames: usize) -> u64 {
        let mut hash = Hash::new();
        self.outputs.iter(frames).for_each(|samples| hash.samples(samples));
        hash.finish()
    }

    fn difference(&self, block: &BlockRecord) -> Difference {
        let sample = block.outputs.as_ref().and_then(|heard| {
            let channels = 0..heard.channels().min(self.outputs.channels());
            let found = channels.filter_map(|channel| {
                let pairs = heard.channel(channel).iter().zip(self.outputs.channel(channel));
                let at = pairs.clone().position(|(heard, rendered)| heard.to_bits() != rendered.to_bits())?;
                let (heard, rendered) = (heard.channel(channel)[at], self.outputs.channel(channel)[at]);
                Some(SampleDifference { frame: block.frame + at as u64, channel, heard, rendered })
            });
            found.min_by_key(|sample| sample.frame)
        });
        Difference {
            take: self.number,
            block: self.blocks,
            frame: block.frame,
            frames: block.frames,
            position: block.position,
            sample,
        }
    }
}

impl Drop for Player<'_> {
    /// In order: the renderer first.
    fn drop(&mut self) {
        if let Some(renderer) = self.renderer.take() {
            self.engine.close(renderer);
        }
    }
}
