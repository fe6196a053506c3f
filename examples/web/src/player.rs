//! An engine and its renderer, on the one thread that there is.

use std::collections::BTreeMap;

use patchline_graph::{Engine, LoadError, Reading, Renderer, engine};
use patchline_nodes::Surroundings;
use patchline_patch::{Changes, EngineSettings, Registry};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{Verdict, options, parsed};
use crate::stream::{BLOCK, CHANNELS, stream, wanted};

/// What plays.
pub(crate) struct Player {
    registry: Registry,
    engine: Engine,
    renderer: Renderer,
    surroundings: Surroundings,
    inputs: [[f32; BLOCK]; CHANNELS],
    outputs: [[f32; BLOCK]; CHANNELS],
    /// The highest sample of each channel out since somebody looked.
    peaks: [f32; CHANNELS],
}

/// A patch that was loaded. What else is known of it, a check says on another thread.
#[derive(Serialize)]
pub(crate) struct Playing {
    name: String,
}

/// A parameter that is to change.
#[derive(Deserialize)]
struct Change {
    node: String,
    parameter: String,
    value: Value,
}

/// Whether it has.
#[derive(Serialize)]
pub(crate) struct Changed {
    wrong: Option<String>,
}

/// What is heard and shown.
#[derive(Serialize)]
pub(crate) struct Look {
    frames: u64,
    peaks: [f32; CHANNELS],
    /// By node.
    readings: BTreeMap<String, Vec<Shown>>,
}

/// What a node shows: a value for the node, or one for each channel.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    unit: &'static str,
    values: Vec<f64>,
}

impl Player {
    /// One that plays silence at `rate` Hz, with the settings of a patch: those that cannot change later.
    pub(crate) fn new(rate: u32, text: &[u8]) -> Self {
        let registry = Registry::standard();
        let loaded = parsed(text).and_then(|patch| patch.load(&registry, &options()));
        let settings = loaded.map_or_else(|_| EngineSettings::default(), |loaded| loaded.engine);
        let (engine, renderer) = engine(wanted(&settings, &stream(rate)));
        Self {
            registry,
            engine,
            renderer,
            surroundings: Surroundings { files: false, ..Surroundings::new("", "".as_ref()) },
            inputs: [[0.0; BLOCK]; CHANNELS],
            outputs: [[0.0; BLOCK]; CHANNELS],
            peaks: [0.0; CHANNELS],
        }
    }

    /// Plays a patch from the next block on; what played fades over to it.
    pub(crate) fn load(&mut self, text: &[u8]) -> Verdict<Playing> {
        self.engine.collect();
        let loaded = match parsed(text).and_then(|patch| patch.load(&self.registry, &options())) {
            Ok(loaded) => loaded,
            Err(mistakes) => return Verdict::Bad(mistakes),
        };
        let rate = self.engine.stream().rate;
        self.engine.set_fade(loaded.engine.fade.frames(rate.into()));
        match self.engine.load(loaded.graph.clone()) {
            Ok(_) => {
                self.surroundings = loaded.surroundings;
                Verdict::Good(Playing { name: loaded.name })
            }
            Err(LoadError::Graph(errors)) => Verdict::Bad(loaded.locate(&errors)),
            Err(later) => Verdict::Later(later.to_string()),
        }
    }

    /// Changes a parameter from the next block on.
    pub(crate) fn set(&mut self, request: &[u8]) -> Changed {
        Changed { wrong: self.try_set(request).err().map(|error| error.to_string()) }
    }

    fn try_set(&mut self, request: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
        let Change { node, parameter, value } = serde_json::from_slice(request)?;
        let rate = self.engine.stream().rate;
        let mut changes = Changes::new(&self.registry, self.engine.graph(), rate, self.surroundings.clone());
        changes.set(&node, &parameter, &value)?;
        let edits = changes.edits()?;
        Ok(self.engine.change(&edits, None, None)?)
    }

    /// What is heard and shown now. Frees what has rung out.
    pub(crate) fn look(&mut self) -> Look {
        self.engine.collect();
        while self.engine.next_event().is_some() {}
        while self.engine.next_report().is_some() {}
        let shown = self.engine.graph().nodes().filter_map(|(name, _)| {
            let readings = self.engine.readings(name.as_str())?;
            let shown = |(reading, values): (&Reading, _)| Shown { name: reading.name, unit: reading.unit, values };
            let all: Vec<_> = readings.all().map(shown).collect();
            (!all.is_empty()).then(|| (name.as_str().to_owned(), all))
        });
        let readings = shown.collect();
        Look { frames: self.renderer.position(), peaks: std::mem::take(&mut self.peaks), readings }
    }

    /// What comes in on a channel; the last one, if there are fewer.
    pub(crate) fn input(&mut self, channel: usize) -> &mut [f32] {
        &mut self.inputs[channel.min(CHANNELS - 1)]
    }

    /// What goes out on a channel; the last one, if there are fewer.
    pub(crate) fn output(&self, channel: usize) -> &[f32] {
        &self.outputs[channel.min(CHANNELS - 1)]
    }

    /// Renders so many frames, [`BLOCK`] at most.
    pub(crate) fn render(&mut self, frames: usize) {
        let frames = frames.min(BLOCK);
        let inputs = self.inputs.each_ref().map(|channel| &channel[..frames]);
        let mut outputs = self.outputs.each_mut().map(|channel| &mut channel[..frames]);
        self.renderer.render(frames, &inputs, &mut outputs);
        for (peak, channel) in self.peaks.iter_mut().zip(&outputs) {
            *peak = channel.iter().fold(*peak, |peak, sample| peak.max(sample.abs()));
        }
    }
}
