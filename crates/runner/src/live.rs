//! A graph, played on a device until something ends it.

mod capturing;
mod cases;
mod done;
mod flight;
mod hearing;
mod not_started;
mod player;
mod recent;
mod relief;
mod reload;
mod silence;
mod state;
mod terms;
mod view;
mod xruns;

use std::ops::ControlFlow;
use std::time::Duration;

use patchline_graph::{Engine, Graph, StreamSpec, engine_timed};
use patchline_io::load::{Load, LoadMeter};
use patchline_io::{DeviceSpec, IoError, IoStats, LostReason, MidiReceiver, TimedMidi, midi_ring};
use patchline_patch::OnXrun;
use serde_json::Value;
use tracing::{error, info, warn};

use crate::advice::{Advice, Situation, Strain};
use crate::figures::Figures;
use crate::helpers::Helpers;
use crate::hosts::{self, Opened};
use crate::latency::Latency;
use crate::memory::{self, Locked};
use crate::rights::{self, Rights};
use crate::units::frames_and_ms;
use crate::watch::Watch;
use crate::{allocator, signals, style};
pub(crate) use capturing::Capturing;
pub(crate) use cases::Case;
pub(crate) use done::Done;
use flight::Flight;
pub(crate) use flight::Profile;
pub(crate) use not_started::NotStarted;
pub(crate) use player::Player;
use player::{Heard, Limited};
use relief::Relief;
pub(crate) use relief::Shed;
use silence::Silence;
use state::State;
pub(crate) use terms::{OnFileTrouble, Terms};
pub(crate) use view::View;
use xruns::Xruns;

/// How much of the device's time goes by between two looks at what happened.
const STEP: Duration = Duration::from_millis(10);

/// How long files are waited for whose nodes somebody else still has.
const FILES: Duration = Duration::from_secs(2);

/// What is played.
pub(crate) struct Piece {
    pub(crate) graph: Graph,
    pub(crate) stream: StreamSpec,
    /// Frames to render before silence; `None` is until somebody ends it.
    pub(crate) limit: Option<u64>,
    /// Where it is captured, if it is.
    pub(crate) capture: Option<Capturing>,
}

impl Piece {
    /// A graph on all of a device.
    pub(crate) fn on(spec: &DeviceSpec, graph: Graph, limit: Option<u64>) -> Self {
        let stream = StreamSpec::new(spec.rate, spec.max_frames, spec.inputs, spec.outputs);
        Self { graph, stream, limit, capture: None }
    }
}

/// A device that plays a graph.
pub(crate) struct Live {
    opened: Opened<Player>,
    /// What the device was when it was started: what plays is made for that.
    spec: DeviceSpec,
    engine: Engine,
    watch: Watch,
    figures: Figures,
    limit: Option<u64>,
    locked: Option<Locked>,
    terms: Terms,
    heard: Heard,
    midi: MidiReceiver,
    load: LoadMeter,
    silence: Silence,
    xruns: Xruns,
    flight: Flight,
    relief: Relief,
    helpers: Helpers,
    capture: Option<Capturing>,
    /// Whether it was said what helps against them.
    advised: bool,
    state: State,
    /// What the device had counted before, and why it last went.
    before: IoStats,
    loss: Option<LostReason>,
    /// The latency and the block as they were when they were last looked at.
    latency: Latency,
    block: usize,
    ended: Option<Ended>,
}

/// Why playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It is done.
    Finished,
    /// Somebody asked for it.
    Asked,
    /// The device is gone.
    Device,
    /// The device runs at another rate.
    Rate,
    /// More xruns than are allowed.
    Xruns,
    /// A file cannot be written.
    File,
}

impl Live {
    /// Starts. The engine's files are ready before the first frame.
    ///
    /// # Errors
    /// What the graph's nodes say against their parameters, or the device against being started.
    pub(crate) fn start(mut opened: Opened<Player>, piece: Piece, terms: Terms) -> Result<Self, NotStarted> {
        let spec = opened.device.spec().clone();
        info!("{}", introduced(&spec, opened.host));
        spec.notes.iter().for_each(|note| info!("{note}"));
        allocator::on_violation(terms.on_violation);
        signals::listen();
        let locked = if opened.is_simulated() { None } else { Some(memory::lock()) };
        let (flight, writer) = Flight::new(&opened, &spec, terms.profile);
        let (mut engine, mut renderer) = engine_timed(piece.stream, flight.timing(&piece.graph));
        let helpers = match opened.is_made_up() {
            true => Helpers::unhurried(&mut engine, &mut renderer),
            false => Helpers::live(&mut engine),
        };
        let tap = piece.capture.as_ref().map(|capture| capture.begin(&mut engine, &spec, &piece.graph));
        engine.load(piece.graph)?;
        flight.begin(&mut engine);
        engine.wait_ready(2 * spec.max_frames);
        let figures = Figures::new(&engine);
        opened.device.set_latency(engine.schedule().latency);
        let used = reload::used(&engine);
        let no_news = opened.is_made_up() || terms.silence_is_usual || !used.contains(&true);
        let (before, latency) = (opened.device.stats(), Latency::new(&spec, engine.schedule().latency));
        let (midi_sender, midi) = midi_ring();
        let limited = Limited::new(renderer, piece.limit, &used, midi_sender).tapped(tap);
        let (player, heard, load) = limited.timed(spec.rate, flight.time().clone(), writer);
        opened.device.start(player).map_err(|refused| refused.error)?;
        Ok(Self {
            watch: Watch::new(spec.rate),
            silence: Silence::new(spec.rate, no_news),
            xruns: Xruns::new(spec.rate, terms.on_xrun == OnXrun::Ignore),
            flight,
            relief: Relief::new(&engine, terms.shed, spec.rate),
            helpers,
            capture: piece.capture,
            limit: piece.limit,
            advised: false,
            state: State::default(),
            before,
            loss: None,
            latency,
            block: spec.max_frames,
            ended: None,
            spec,
            opened,
            engine,
            figures,
            locked,
            terms,
            heard,
            midi,
            load,
        })
    }

    /// Plays until something ends it; `each` sees it after every step, and may end it.
    pub(crate) fn play(&mut self, mut each: impl FnMut(&mut Self) -> ControlFlow<()>) {
        while self.ended.is_none() {
            if self.opened.is_simulated() {
                self.engine.wait_ready(2 * self.engine.stream().max_frames);
            }
            // Afterwards it may be another device's.
            self.latency = self.latency();
            self.opened.device.pass(STEP);
            if let Some(capture) = &mut self.capture {
                if self.opened.is_simulated() {
                    capture.wait();
                }
                capture.look();
            }
            self.listen();
            self.watch.listen(&mut self.engine);
            let frames = self.frames();
            self.silence.look(frames, self.heard.frame());
            self.explain(false);
            self.flight.pass(&mut self.engine, frames);
            let stats = self.stats();
            let passed = stats.frames + stats.frames_lost + stats.frames_away;
            self.xruns.pass(passed);
            let now = Duration::from_secs_f64(passed as f64 / f64::from(self.spec.rate));
            self.relief.look(now, self.load.read(), &mut self.engine);
            self.helpers.look(&mut self.engine, frames);
            self.advise();
            let done = self.limit.is_some_and(|limit| frames >= limit);
            if each(self).is_break() || done {
                self.end(Ended::Finished);
            } else if self.terms.on_file_trouble.ends(&self.watch) {
                self.end(Ended::File);
            } else if signals::stopping() {
                self.end(Ended::Asked);
            }
        }
        self.explain(true);
        self.xruns.tell();
    }

    /// Frames rendered so far.
    pub(crate) fn frames(&self) -> u64 {
        self.engine.stats().frames
    }

    /// The engine, for its readings.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What a node said last.
    #[cfg(feature = "tui")]
    pub(crate) fn last_said(&self, node: &str) -> Option<&str> {
        self.watch.last_said(node)
    }

    /// What all nodes have measured.
    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether it plays through a JACK server.
    pub(crate) fn is_on_jack(&self) -> bool {
        self.opened.host == "jack"
    }

    /// How much of its time the callback takes, as it was last measured.
    pub(crate) fn last_load(&self) -> Option<Load> {
        self.load.read()
    }

    /// MIDI messages that nobody took in time.
    pub(crate) fn midi_lost(&self) -> u64 {
        self.heard.midi_lost()
    }

    /// The next MIDI message that came, with the frame of what was rendered then.
    pub(crate) fn next_midi(&mut self) -> Option<TimedMidi> {
        self.midi.poll()
    }

    /// What the device has counted.
    pub(crate) fn stats(&self) -> IoStats {
        self.opened.device.stats()
    }

    /// How much of its time the callback takes, with the worst since this was last asked.
    pub(crate) fn load(&self) -> Option<Load> {
        self.load.take()
    }

    /// How many threads render, and why no more, for programs.
    pub(crate) fn threads(&self) -> Value {
        self.helpers.data(&self.engine)
    }

    /// What is left out under load.
    pub(crate) fn shed(&self) -> &Shed {
        self.relief.shed()
    }

    /// How long sound is on its way now.
    pub(crate) fn latency(&self) -> Latency {
        Latency::new(self.opened.device.spec(), self.engine.schedule().latency)
    }

    /// The length of a block, if another was asked for: granted and asked, in frames.
    pub(crate) fn other_block(&self) -> Option<(usize, usize)> {
        let granted = self.opened.device.spec().max_frames;
        self.terms.block.filter(|&asked| asked != granted).map(|asked| (granted, asked))
    }

    /// What goes on, in a word or two.
    pub(crate) fn state(&self) -> String {
        if !self.is_away() {
            return self.state.words().to_owned();
        }
        match self.opened.device.waits_for() {
            Some(trouble) => format!("waiting ({})", style::safe(&trouble.to_string(), 100)),
            None => "waiting for the device".to_owned(),
        }
    }

    /// Whether the device is gone and waited for.
    pub(crate) fn is_away(&self) -> bool {
        self.state.away && self.ended.is_none()
    }

    /// Says once what helps against xruns, when enough was measured.
    fn advise(&mut self) {
        let early = self.frames() < u64::from(self.spec.rate);
        if early || self.advised || self.terms.on_xrun == OnXrun::Ignore || self.stats().xruns == 0 {
            return;
        }
        self.advised = true;
        if let Some(advice) = self.advice(&rights::seen()) {
            warn!("{advice}");
        }
    }

    /// What helps against the xruns that there were; nothing on a device that simulates them.
    fn advice(&self, rights: &Rights) -> Option<Advice> {
        let load = self.load.read().filter(|_| !self.opened.is_simulated())?;
        let DeviceSpec { rate, max_frames, .. } = *self.opened.device.spec();
        Advice::for_xruns(&Situation {
            rate,
            block: max_frames,
            longest_block: None,
            xruns: self.stats().xruns,
            strain: Some(Strain::overall(&load)),
            costs: &self.engine.costs(),
            rights: Some(rights),
        })
    }

    /// Stops the device, and closes all files. The device can be started again.
    ///
    /// A callback that is lost, since it panicked outside of any node or does not return, makes what is done a
    /// [broken](crate::exit::Exit::Broken) run.
    pub(crate) fn stop(mut self) -> (Done, Opened<Player>) {
        let rights = rights::seen();
        let other_rate = self.ended == Some(Ended::Rate);
        let latency = if other_rate { self.latency } else { self.latency() };
        let (costs, advice) = (self.engine.costs(), self.advice(&rights));
        let threads = self.helpers.data(&self.engine);
        let stopped = self.opened.device.stop();
        // Some is known only in the end.
        self.listen();
        self.explain(true);
        self.xruns.tell();
        let device = since(self.stats(), self.before);
        if !other_rate {
            self.spec.notes = self.opened.device.spec().notes.clone();
        }
        self.capture.iter().for_each(|capture| capture.end(&self.engine));
        let broken = match stopped {
            Ok(player) => {
                self.engine.close(player.into_inner().into_renderer());
                self.helpers.end();
                None
            }
            Err(error) => Some(self.close_lost(&error)),
        };
        self.watch.listen(&mut self.engine);
        let simulated = self.opened.is_simulated();
        let done = Done {
            host: self.opened.host,
            spec: self.spec,
            latency,
            load: self.load.read(),
            costs,
            advice,
            terms: self.terms,
            blocks: self.heard.blocks(),
            device,
            causes: self.flight.causes(),
            exact: self.xruns.exact(),
            loss: self.loss,
            rate_now: self.opened.device.spec().rate,
            shed: self.relief.shed().clone(),
            threads,
            stats: self.engine.stats(),
            figures: self.figures,
            watch: self.watch,
            rights: (!simulated).then_some(rights),
            locked: self.locked,
            ended: self.ended,
            broken,
        };
        (done, self.opened)
    }

    /// Closes what can be closed without the renderer; says why it is lost.
    fn close_lost(&mut self, error: &IoError) -> String {
        let closed = self.engine.close_lost(FILES);
        let left = if closed { "" } else { "; its files were left as they are" };
        let words = format!("{}{left}", style::safe(&error.to_string(), 300));
        error!("{words}");
        words
    }
}

/// What a device has counted since it had counted `before`.
fn since(now: IoStats, before: IoStats) -> IoStats {
    IoStats {
        blocks: now.blocks - before.blocks,
        frames: now.frames - before.frames,
        xruns: now.xruns - before.xruns,
        frames_lost: now.frames_lost - before.frames_lost,
        losses: now.losses - before.losses,
        frames_away: now.frames_away - before.frames_away,
        events_lost: now.events_lost - before.events_lost,
        clipped: now.clipped - before.clipped,
        not_finite: now.not_finite - before.not_finite,
    }
}

/// `on Scarlett 2i2 (alsa): 48000 Hz, blocks of 256 frames (5.33 ms), 2 in, 2 out`.
fn introduced(spec: &DeviceSpec, host: &str) -> String {
    let DeviceSpec { name, rate, max_frames, inputs, outputs, .. } = spec;
    let block = frames_and_ms(*max_frames as u64, *rate);
    format!("on {}: {rate} Hz, blocks of {block}, {inputs} in, {outputs} out", done::place(name, host))
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

#[cfg(test)]
mod tests;
