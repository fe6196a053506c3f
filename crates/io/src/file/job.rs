//! A render on its way.

use patchline_graph::Engine;

use super::end::End;
use super::output::Sink;
use super::{CutInput, Input, Length, Level, Output, Progress, Render, RenderError};
use crate::channels::{Planar, call, with_inputs};
use crate::{Block, Callback, settings};

pub(super) struct Job {
    inputs: Vec<Input>,
    sink: Sink,
    block: usize,
    end: End,
    position: u64,
    /// Frames of the block that was read and not yet processed.
    frames: usize,
    device_in: Planar,
    device_out: Planar,
    levels: Vec<Level>,
}

impl Job {
    /// Checks everything before the output is created.
    pub(super) fn new(render: Render, engine: &Engine) -> Result<Self, RenderError> {
        let Render { inputs, output, block, length } = render;
        let stream = engine.stream();
        let outputs = engine.schedule().device_out.len();
        check_inputs(&inputs, stream.rate, stream.inputs)?;
        settings::check(stream.rate, block, stream.inputs, outputs)?;
        if inputs.is_empty() && !matches!(length, Length::Exactly(_)) {
            return Err(RenderError::Endless);
        }
        if outputs == 0 && !matches!(output, Output::None) {
            return Err(RenderError::NoOutput);
        }
        let end = End::new(length, &inputs);
        Ok(Self {
            sink: Sink::open(output, stream.rate, outputs)?,
            end,
            inputs,
            // Nodes keep ready at least what the graph renders in one go, not any length at all.
            block: block.min(stream.max_frames),
            position: 0,
            frames: 0,
            device_in: Planar::new(stream.inputs, block.min(stream.max_frames)),
            device_out: Planar::new(outputs, block.min(stream.max_frames)),
            levels: vec![Level::default(); outputs],
        })
    }

    /// Reads the next block; says how many frames it has, `None` at the end.
    pub(super) fn read(&mut self) -> Result<Option<usize>, RenderError> {
        let asked = self.end.limit(self.position, self.block);
        let (mut first, mut longest) = (0, 0);
        for input in &mut self.inputs {
            longest = input.read(asked, first, &mut self.device_in)?.max(longest);
            first += input.channels();
        }
        self.end.note(self.position, asked, longest);
        self.frames = self.end.limit(self.position, asked);
        Ok((self.frames > 0).then_some(self.frames))
    }

    /// Processes and writes what was read.
    pub(super) fn process<C: Callback>(&mut self, callback: &mut C) -> Result<(), RenderError> {
        let frames = std::mem::take(&mut self.frames);
        let block = Block { frames, position: self.position, discontinuity: false };
        call(callback, block, &self.device_in, &mut self.device_out);
        self.levels.iter_mut().zip(self.device_out.iter(frames)).for_each(|(level, samples)| level.add(samples));
        let channels = self.device_out.channels();
        with_inputs(channels, self.device_out.iter(frames), |slices| self.sink.write(slices))?;
        self.position += frames as u64;
        Ok(())
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { frames: self.position, total: self.end.total() }
    }

    /// The inputs that were cut short.
    pub(super) fn cut(&self) -> Vec<CutInput> {
        let cut = self.inputs.iter().filter(|input| input.missing() > 0);
        cut.map(|input| CutInput { name: input.name().to_owned(), missing: input.missing() }).collect()
    }

    pub(super) fn finish(self) -> Result<(u64, Vec<Level>, Option<patchline_wav::Summary>), RenderError> {
        Ok((self.position, self.levels, self.sink.commit()?))
    }
}

fn check_inputs(inputs: &[Input], graph: u32, expected: usize) -> Result<(), RenderError> {
    if let Some(input) = inputs.iter().find(|input| input.rate() != graph) {
        return Err(RenderError::Rate { name: input.name().to_owned(), input: input.rate(), graph });
    }
    let given: usize = inputs.iter().map(Input::channels).sum();
    if given != expected {
        return Err(RenderError::Channels { given, expected });
    }
    Ok(())
}
