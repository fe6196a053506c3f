//! A graph made by a command, played on a device until something ends it.

mod limited;
mod silence;
mod view;

use std::ops::ControlFlow;
use std::time::Duration;

use patchline_graph::{Engine, Graph, LoadError, Stats, StreamSpec, engine};
use patchline_io::{DeviceSpec, IoEvent, IoEventKind, IoStats};
use serde_json::{Value, json};
use tracing::{debug, info, warn};

use crate::allocator::{self, OnViolation};
use crate::exit::{Exit, Failure};
use crate::figures::Figures;
use crate::hosts::{self, Opened};
use crate::memory::{self, Locked};
use crate::rights::{self, Rights};
use crate::units::{clock, count, frames_and_ms};
use crate::watch::Watch;
use crate::{report, signals, style};
pub(crate) use limited::Limited;
pub(crate) use silence::Silence;
pub(crate) use view::View;

/// How much of the device's time goes by between two looks at what happened.
const STEP: Duration = Duration::from_millis(10);

/// A device that plays a graph.
pub(crate) struct Live {
    opened: Opened<Limited>,
    /// What the device was when it was started: what plays is made for that.
    spec: DeviceSpec,
    engine: Engine,
    watch: Watch,
    figures: Figures,
    /// Frames to render; `None` is until somebody ends it.
    limit: Option<u64>,
    locked: Option<Locked>,
    ended: Option<Ended>,
}

/// Why playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It is done.
    Finished,
    /// Somebody asked for it.
    Asked,
    /// The device runs at another rate.
    Device,
    /// A file cannot be written.
    File,
}

impl Live {
    /// Starts. `limit` is how many frames are rendered before silence; the engine's files are ready before the first.
    ///
    /// # Errors
    /// What the graph's nodes say against their parameters, or the device against being started.
    pub(crate) fn start(mut opened: Opened<Limited>, graph: Graph, limit: Option<u64>) -> Result<Self, Failure> {
        let spec = opened.device.spec().clone();
        spec.notes.iter().for_each(|note| info!("{note}"));
        allocator::on_violation(OnViolation::Count);
        signals::listen();
        let locked = if opened.is_simulated() { None } else { Some(memory::lock()) };
        let stream = StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs);
        let (mut engine, renderer) = engine(stream);
        engine.load(graph).map_err(refused)?;
        engine.wait_ready(2 * spec.max_frames);
        let figures = Figures::new(&engine);
        opened.device.set_latency(engine.schedule().latency);
        let started = opened.device.start(Limited::new(renderer, limit));
        started.map_err(|refused| Failure::new(Exit::Device, refused.to_string()))?;
        Ok(Self { watch: Watch::new(spec.rate), spec, opened, engine, figures, limit, locked, ended: None })
    }

    /// Plays until something ends it; `each` sees it after every step, and may end it.
    pub(crate) fn play(&mut self, mut each: impl FnMut(&Self) -> ControlFlow<()>) {
        while self.ended.is_none() {
            if self.opened.is_simulated() {
                self.engine.wait_ready(2 * self.engine.stream().max_frames);
            }
            self.opened.device.pass(STEP);
            while let Some(event) = self.opened.device.poll() {
                self.event(event);
            }
            self.watch.listen(&mut self.engine);
            let done = self.limit.is_some_and(|limit| self.frames() >= limit);
            if each(self).is_break() || done {
                self.end(Ended::Finished);
            } else if self.watch.exit() == Exit::File {
                self.end(Ended::File);
            } else if signals::stopping() {
                self.end(Ended::Asked);
            }
        }
    }

    /// Frames rendered so far.
    pub(crate) fn frames(&self) -> u64 {
        self.engine.stats().frames
    }

    /// The engine, for its readings.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the device has counted.
    pub(crate) fn stats(&self) -> IoStats {
        self.opened.device.stats()
    }

    /// Stops the device, and closes all files.
    ///
    /// # Errors
    /// A callback that panicked outside of any node.
    pub(crate) fn stop(mut self) -> Result<Done, Failure> {
        let rights = rights::seen();
        let stopped = self.opened.device.stop();
        let limited = stopped.map_err(|error| Failure::new(Exit::Broken, error.to_string()))?;
        let device = self.stats();
        self.engine.close(limited.into_renderer());
        self.watch.listen(&mut self.engine);
        let simulated = self.opened.is_simulated();
        Ok(Done {
            host: self.opened.host,
            spec: self.spec,
            device,
            stats: self.engine.stats(),
            figures: self.figures,
            watch: self.watch,
            rights: (!simulated).then_some(rights),
            locked: self.locked,
            ended: self.ended,
        })
    }

    fn end(&mut self, why: Ended) {
        self.ended.get_or_insert(why);
    }

    fn event(&mut self, event: IoEvent) {
        match event.kind {
            // It is opened again as soon as it is there; what plays waits with its state.
            IoEventKind::Lost { .. } => warn!("{event}"),
            IoEventKind::RateChanged { .. } => {
                warn!("{event}");
                self.end(Ended::Device);
            }
            IoEventKind::Finished => self.end(Ended::Finished),
            IoEventKind::Xrun { .. } | IoEventKind::EventsLost { .. } => warn!("{event}"),
            IoEventKind::BlockChanged { .. } => debug!("{event}"),
            _ => info!("{event}"),
        }
    }
}

/// What a command's graph is refused for was said on the command line.
fn refused(error: LoadError) -> Failure {
    match error {
        LoadError::Graph(errors) => Failure::new(Exit::Usage, style::safe(&errors.to_string(), 600)),
        error => Failure::new(Exit::Broken, error.to_string()),
    }
}

/// What is left when all is closed.
pub(crate) struct Done {
    pub(crate) host: &'static str,
    pub(crate) spec: DeviceSpec,
    pub(crate) device: IoStats,
    pub(crate) stats: Stats,
    pub(crate) figures: Figures,
    watch: Watch,
    rights: Option<Rights>,
    locked: Option<Locked>,
    ended: Option<Ended>,
}

impl Done {
    /// A broken promise outweighs the device, and the device a file.
    pub(crate) fn exit(&self) -> Exit {
        match (self.watch.exit(), self.ended) {
            (Exit::Broken, _) => Exit::Broken,
            (_, Some(Ended::Device)) => Exit::Device,
            (exit, _) => exit,
        }
    }

    /// Frames in time: `0:05.000 at 48000 Hz, 240000 frames`.
    pub(crate) fn length(&self) -> String {
        let (frames, rate) = (self.stats.frames, self.spec.rate);
        format!("{} at {rate} Hz, {}", clock(frames, rate), count(frames as usize, "frame"))
    }

    /// The device, what it lost, how its thread was scheduled, and what nodes have to say.
    pub(crate) fn text(&self) -> String {
        let DeviceSpec { name, rate, max_frames, .. } = &self.spec;
        let mut out = format!(
            "on {} ({}), blocks of {}",
            style::safe(name, 80),
            self.host,
            frames_and_ms(*max_frames as u64, *rate)
        );
        let IoStats { xruns, frames_lost, .. } = self.device;
        out.push_str(&format!(", {} ({frames_lost} frames lost)\n", count(xruns as usize, "xrun")));
        let IoStats { losses, frames_away, .. } = self.device;
        if losses > 0 {
            let losses = count(losses as usize, "time");
            out.push_str(&format!("the device was gone {losses}, {frames_away} frames long\n"));
        }
        if let Some(rights) = &self.rights {
            out.push_str(&format!("{rights}\n"));
        }
        if let Some(locked) = self.locked {
            out.push_str(&format!("{locked}\n"));
        }
        out.push_str(&report::closing(&self.figures, &self.stats, &self.watch));
        out
    }

    /// The same for programs.
    pub(crate) fn data(&self) -> Value {
        let mut data = json!({
            "device": self.spec.name,
            "host": self.host,
            "sample_rate": self.spec.rate,
            "frames": self.stats.frames,
            "seconds": self.stats.frames as f64 / f64::from(self.spec.rate),
            "block": self.spec.max_frames,
            "input_latency_frames": self.spec.input_latency,
            "output_latency_frames": self.spec.output_latency,
            "notes": self.spec.notes,
            "xruns": self.device.xruns,
            "frames_lost": self.device.frames_lost,
            "device_losses": self.device.losses,
            "frames_away": self.device.frames_away,
            "memory_locked": self.locked.map(|locked| locked == Locked::Yes),
            "scheduling": self.rights.as_ref().map(Rights::data),
        });
        report::add_data(&mut data, &self.figures, &self.stats, &self.watch);
        data["exit"] = json!(self.exit() as u8);
        data
    }
}

impl<C> Opened<C> {
    /// Whether it runs in virtual time.
    pub(crate) fn is_simulated(&self) -> bool {
        self.host == hosts::SIM
    }

    /// Whether nothing is heard through it, so that silence is no news.
    pub(crate) fn is_made_up(&self) -> bool {
        self.is_simulated() || self.host == hosts::NULL
    }
}
