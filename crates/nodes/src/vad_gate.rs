//! `vad_gate`: hears whether somebody is there.

use std::ops::Range;

use patchline_graph::{
    Frame, Frames, Io, Node, NodeError, Per, PortOut, Ports, PrepareSpec, Processor, Reading, Readings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::gate::{Envelope, Gate, GateParams};
use crate::dsp::speech::SpeechDetector;
use crate::{Level, PatchNode, Surroundings, Time};

/// The lowest sample rate at which speech is told apart, in Hz: the detector runs at 16 kHz, and what it does for a frame
/// grows with the distance.
const LOWEST_RATE: u32 = 4_000;

/// How long changes take.
const GLIDE: Time = Time::Seconds(0.02);

/// Decides whether somebody is there, lets the signal through while somebody is, and says so on its output `open`.
///
/// `open` is 0 or 1 in every frame. The window is 8 hops of round(`window`/8) frames on a grid from the first frame;
/// each hop has the sum of squares over all frames and channels. It is decided at each hop's end from the last 8 hops,
/// and `open` changes on the next frame: it opens when their RMS exceeds `threshold` (with the speech detector: and the
/// score exceeds `score`), and closes after `hold` below `close_threshold` (or `close_score`). Numbers that change glide
/// over 20 ms, and it is decided by where they are at a hop's end; another `mode` fades in as long.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Input, Output, Time, VadGate};
///
/// let mut graph = Graph::new();
/// let gate = VadGate { window: Time::Frames(8), attack: Time::ZERO, ..VadGate::default() };
/// graph.add("mic", Input::default())?.add("gate", gate)?.add("out", Output::default())?;
/// graph.chain(&["mic", "gate", "out"])?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// engine.load(graph)?;
/// let mut output = [9.0; 64];
/// renderer.render(64, &[&[0.5; 64]], &mut [&mut output]);
/// // After one hop, which is one frame here, it is open.
/// assert_eq!((output[0], output[63]), (0.0, 0.5));
/// assert_eq!(engine.readings("gate").unwrap().get("open", 0), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VadGate {
    /// Opens when the RMS exceeds this; linear (0.02 is -34 dBFS) or in dB.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub threshold: Level,
    /// May close when the RMS is below this; 0.75 times `threshold` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    #[schemars(extend("x-change" = "exponential 20 ms"))]
    pub close_threshold: Option<Level>,
    /// How much signal a decision looks back on.
    pub window: Time,
    /// How long the signal takes to fade in.
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub attack: Time,
    /// How long it stays open after the signal has become too low.
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub hold: Time,
    /// How long the signal takes to fade out.
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub release: Time,
    /// Whether a closed gate silences the signal, or only `open` says what was decided.
    #[schemars(extend("x-change" = "crossfade 20 ms"))]
    pub mode: Mode,
    /// What is asked for besides the level: nothing, or that it sounds like speech.
    pub detector: Detector,
    /// With the speech detector: opens when the score, from 0 to 1, exceeds this.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub score: f64,
    /// With the speech detector: may close when the score is below this.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub close_score: f64,
}

/// What a closed gate does.
///
/// ```
/// use patchline_nodes::{Mode, VadGate};
///
/// // The signal passes all the time; a recorder is linked to `open`.
/// let gate = VadGate { mode: Mode::Trigger, ..VadGate::default() };
/// assert_eq!(serde_json::to_value(gate)?["mode"], "trigger");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Mode {
    /// Silences the signal.
    #[default]
    Gate,
    /// Leaves the signal untouched: only `open` changes.
    Trigger,
}

/// What a gate listens for.
///
/// ```
/// use patchline_nodes::{Detector, VadGate};
///
/// // Opens where it is loud and sounds like speech.
/// let gate = VadGate { detector: Detector::Speech, score: 0.7, ..VadGate::default() };
/// assert!(gate.score > gate.close_score);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Detector {
    /// Level alone.
    #[default]
    Energy,
    /// Level, and a small neural network that knows speech from noise (not from music).
    Speech,
}

impl Default for VadGate {
    fn default() -> Self {
        Self {
            threshold: Level::new(0.02).expect("a finite level"),
            close_threshold: None,
            window: Time::Seconds(0.01),
            attack: Time::ZERO,
            hold: Time::Seconds(1.0),
            release: Time::Seconds(0.02),
            mode: Mode::Gate,
            detector: Detector::Energy,
            score: 0.5,
            close_score: 0.35,
        }
    }
}

const RMS: usize = 0;
const OPEN: usize = 1;
const SCORE: usize = 2;
const READINGS: &[Reading] = &[
    Reading { name: "rms", doc: "RMS over the last window, linear as the thresholds are.", unit: "", per: Per::Node },
    Reading { name: "open", doc: "1 while open, else 0.", unit: "", per: Per::Node },
    Reading { name: "score", doc: "Last score of the speech detector, 0 without it.", unit: "", per: Per::Node },
];

impl VadGate {
    /// The window in frames, of which each of the 8 hops has an eighth to the nearest: a time is rounded only once.
    fn window_frames(&self, rate: f64) -> u64 {
        match self.window {
            Time::Seconds(seconds) => ((seconds * rate / 8.0).round() as u64).saturating_mul(8),
            Time::Frames(frames) => frames,
        }
    }

    fn close_threshold(&self) -> f64 {
        self.close_threshold.map_or(0.75 * self.threshold.linear_f64(), Level::linear_f64)
    }

    fn params(&self, rate: f64) -> GateParams {
        GateParams {
            threshold: self.threshold.linear_f64(),
            close_threshold: self.close_threshold(),
            hold: self.hold.frames(rate),
            score: self.score as f32,
            close_score: self.close_score as f32,
        }
    }
}

impl Node for VadGate {
    const KIND: &'static str = "vad_gate";
    type Processor = VadGateProcessor;

    fn ports(&self) -> Ports {
        Ports::effect().with_output("open", 1)
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        match self.detector {
            Detector::Speech if spec.rate < LOWEST_RATE => {
                let message = format!(
                    "`speech` needs a sample rate of at least {LOWEST_RATE} Hz, not {} Hz; `energy` takes any",
                    spec.rate
                );
                Err(NodeError::of("detector", message))
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<VadGateProcessor, NodeError> {
        let (channels, rate) = (spec.channels(), f64::from(spec.rate));
        let speech = (self.detector == Detector::Speech).then(|| Box::new(SpeechDetector::new(channels, rate)));
        let gate = Gate::new(channels, self.window_frames(rate), self.params(rate), speech);
        let mut envelope = Envelope::new(self.attack.frames(rate), self.release.frames(rate));
        envelope.pass_all(self.mode == Mode::Trigger, false, 0);
        Ok(VadGateProcessor { gate, envelope, rate, shown: None })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let speech = match self.detector {
            Detector::Energy => 0,
            Detector::Speech => SpeechDetector::footprint(f64::from(spec.rate)),
        };
        let channels = spec.channels().saturating_mul(Gate::CHANNEL_BYTES);
        size_of::<VadGateProcessor>().saturating_add(speech).saturating_add(channels)
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.window != previous.window || self.detector != previous.detector
    }
}

impl PatchNode for VadGate {
    fn example() -> Self {
        Self { hold: Time::Seconds(0.05), ..Self::default() }
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        let mut errors = Vec::new();
        if self.close_threshold() > self.threshold.linear_f64() {
            let message =
                "a gate that closes above the level it opens at would flutter: lower this, or raise `threshold`";
            errors.push(NodeError::of("close_threshold", message));
        }
        if self.detector == Detector::Speech && self.close_score > self.score {
            let message = "a gate that closes above the score it opens at would flutter: lower this, or raise `score`";
            errors.push(NodeError::of("close_score", message));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The processor of [`VadGate`].
pub struct VadGateProcessor {
    gate: Gate,
    envelope: Envelope,
    rate: f64,
    /// The number of the hop that the readings show, and whether they show an open gate.
    shown: Option<(u64, bool)>,
}

impl VadGateProcessor {
    /// Lets frames through for all of which the gate is open, or closed.
    #[inline(always)]
    fn let_through(envelope: &mut Envelope, open: bool, audio: &mut PortOut<'_>, frames: Range<usize>) {
        let fade = envelope.take(open, frames.len());
        if fade.steady() != Some(1.0) {
            for samples in audio.channels() {
                fade.scale(&mut samples[frames.clone()]);
            }
        }
    }

    #[inline(never)]
    fn show(&mut self, readings: &Readings) {
        let open = self.gate.is_open();
        readings.set(RMS, 0, self.gate.rms());
        if self.shown.is_none_or(|(_, shown)| shown != open) {
            readings.set(OPEN, 0, f64::from(u8::from(open)));
        }
        if self.shown.is_none() || self.gate.score().is_some() {
            readings.set(SCORE, 0, self.gate.score().map_or(0.0, f64::from));
        }
        self.shown = Some((self.gate.hops(), open));
    }
}

impl Processor for VadGateProcessor {
    type Params = VadGate;

    fn update(&mut self, params: &VadGate) {
        self.glide(params, GLIDE.frames(self.rate));
    }

    fn glide(&mut self, params: &VadGate, over: Frames) {
        self.gate.set(params.params(self.rate), over);
        self.envelope.set(params.attack.frames(self.rate), params.release.frames(self.rate), over);
        self.envelope.pass_all(params.mode == Mode::Trigger, self.gate.is_open(), GLIDE.frames(self.rate));
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        let [mut audio, mut control] = io.outputs.ports();
        // All frames since the gate changed are let through at once; it hears them as they came.
        let (mut at, mut changed, mut open) = (0, 0, self.gate.is_open());
        while at < frames {
            let end = at + self.gate.segment(frames - at);
            for (channel, samples) in audio.channels().enumerate() {
                self.gate.listen(channel, &samples[at..end]);
            }
            self.gate.advance(end - at);
            at = end;
            let opens = self.gate.is_open();
            if opens != open || at == frames {
                Self::let_through(&mut self.envelope, open, &mut audio, changed..at);
                control.channel(0)[changed..at].fill(f32::from(open));
            }
            if opens != open {
                io.events.emit(at, if opens { "open" } else { "close" }, self.gate.rms());
                (changed, open) = (at, opens);
            }
        }
        if self.shown.is_none_or(|(hops, _)| hops != self.gate.hops()) {
            self.show(io.readings);
        }
    }

    fn rests(&mut self, _position: Frame) -> bool {
        let shown = Some((self.gate.hops(), self.gate.is_open()));
        self.shown == shown && self.gate.rests() && self.envelope.rests(self.gate.is_open())
    }

    fn slept(&mut self, frames: Frames) {
        self.gate.slept(frames);
    }

    fn reset(&mut self) {
        self.gate.reset();
        self.shown = None;
        self.envelope.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_is_an_eighth_of_the_window_rounded_once() {
        let hop = |window: Time, rate: f64| Gate::hop(VadGate { window, ..VadGate::default() }.window_frames(rate));
        assert_eq!(hop(Time::Seconds(0.01), 44_100.0), 55);
        // 443.6 frames: an eighth is 55.45, though an eighth of 444 would be 55.5.
        assert_eq!(hop(Time::Seconds(0.01), 44_360.0), 55);
        assert_eq!(hop(Time::Frames(444), 48_000.0), 56);
        assert_eq!(hop(Time::Frames(1), 48_000.0), 1);
    }

    #[test]
    fn speech_takes_no_rate_that_would_cost_thousands_of_its_frames_for_one() {
        let check = |detector: Detector, rate: u32| {
            VadGate { detector, ..VadGate::default() }.check(&PrepareSpec { rate, ..PrepareSpec::default() })
        };
        let refused = check(Detector::Speech, 1).unwrap_err();
        assert_eq!(refused.parameter.as_deref(), Some("detector"));
        assert!(refused.message.contains("4000 Hz"), "{refused}");
        assert_eq!([check(Detector::Speech, 8_000), check(Detector::Energy, 1)], [Ok(()), Ok(())]);
    }

    #[test]
    fn the_close_threshold_follows_unless_given() {
        let gate = VadGate::default();
        assert_eq!(gate.close_threshold(), 0.75 * 0.02);
        let mut given = VadGate { close_threshold: Some(Level::UNITY), close_score: 0.9, ..gate };
        assert_eq!(given.close_threshold(), 1.0);
        given.detector = Detector::Speech;
        let errors = given.resolve(&Surroundings::new("vad", std::path::Path::new("."))).unwrap_err();
        assert_eq!(errors.len(), 2);
    }
}
