//! `delay`: an echo.

use patchline_graph::{Frame, Frames, Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Tail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsp::delay::{DelayLine, DelayParams};
use crate::{PatchNode, Surroundings, Time};

/// How long changes take.
const GLIDE: Time = Time::Seconds(0.02);
/// −100 dB: where a tail has ended.
const INAUDIBLE: f64 = 1e-5;

/// Mixes a signal with itself, some time later.
///
/// Per sample and channel, in f32: `d = buf[pos]; out = x·w0 + d·w1; buf[pos] = x + d·feedback`, where w0 = 1 − mix and
/// w1 = mix are rounded once from f64. The time is taken to the nearest frame. A new time is crossfaded with the old
/// one over 20 ms, new mix and feedback glide as long.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Delay, Input, Output, Time};
///
/// let mut graph = Graph::new();
/// let echo = Delay { mix: 0.25, ..Delay::new(Time::Frames(2)) };
/// graph.add("mic", Input::default())?.add("echo", echo)?.add("out", Output::default())?;
/// graph.chain(&["mic", "echo", "out"])?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// engine.load(graph)?;
/// let mut output = [0.0; 4];
/// renderer.render(4, &[&[1.0, 0.0, 0.0, 0.0]], &mut [&mut output]);
/// assert_eq!(output, [0.75, 0.0, 0.25, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// How late the echo is: `"500 ms"`, `"22050 smp"`. At 0 the echo is the signal itself, and `feedback` must be 0.
    #[schemars(extend("x-change" = "crossfade 20 ms"))]
    pub time: Time,
    /// The longest `time` that can be set while playing without starting the delay anew; `time` itself without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_time: Option<Time>,
    /// The echo's share of the output; the rest is the signal as it came.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub mix: f64,
    /// How much of the echo is echoed again; negative inverts every other echo. At 1 and −1 it never ends.
    #[serde(default)]
    #[schemars(range(min = -1.0, max = 1.0))]
    #[schemars(extend("x-change" = "linear 20 ms"))]
    pub feedback: f64,
}

fn half() -> f64 {
    0.5
}

impl Delay {
    /// A delay of `time` with all defaults.
    #[must_use]
    pub fn new(time: Time) -> Self {
        Self { time, max_time: None, mix: half(), feedback: 0.0 }
    }

    fn longest(&self) -> Time {
        self.max_time.unwrap_or(self.time)
    }

    fn params(&self, rate: f64) -> DelayParams {
        let frames = usize::try_from(self.time.frames(rate)).unwrap_or(usize::MAX);
        DelayParams { frames, mix: self.mix, feedback: self.feedback as f32 }
    }

    fn capacity(&self, rate: u32) -> usize {
        usize::try_from(self.longest().frames(f64::from(rate))).unwrap_or(usize::MAX)
    }

    /// Whether the parameters fit each other at a rate in Hz.
    fn consistent(&self, rate: f64) -> Result<(), NodeError> {
        if self.time.frames(rate) == 0 && self.feedback != 0.0 {
            return Err(NodeError::of("feedback", "a delay of no frames cannot feed back: give it a `time`"));
        }
        if self.time.frames(rate) > self.longest().frames(rate) {
            let message = format!("`time` is {}, more than `max_time`, {}", self.time, self.longest());
            return Err(NodeError::of("time", message));
        }
        Ok(())
    }
}

const READINGS: &[Reading] = &[Reading {
    name: "non_finite",
    doc: "Samples that could not be stored because they were not finite.",
    unit: "samples",
    per: Per::Node,
}];

impl Node for Delay {
    const KIND: &'static str = "delay";
    type Processor = DelayProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn check(&self, spec: &PrepareSpec) -> Result<(), NodeError> {
        self.consistent(f64::from(spec.rate))
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<DelayProcessor, NodeError> {
        let rate = f64::from(spec.rate);
        let (capacity, glide) = (self.capacity(spec.rate), GLIDE.frames(rate));
        let line = DelayLine::new(spec.channels(), capacity, glide, self.params(rate));
        Ok(DelayProcessor { line, rate, non_finite: 0 })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        let lines = DelayLine::footprint(spec.channels(), self.capacity(spec.rate));
        lines.saturating_add(size_of::<DelayProcessor>())
    }

    fn tail(&self, spec: &PrepareSpec) -> Tail {
        let (frames, again) = (self.time.frames(f64::from(spec.rate)), self.feedback.abs());
        if self.mix == 0.0 || frames == 0 {
            return Tail::None;
        }
        if again >= 1.0 {
            return Tail::Infinite;
        }
        // Logarithms are not exact: a whole number of repeats must not be rounded up to the next.
        let repeats = if again == 0.0 { 0.0 } else { (libm::log(INAUDIBLE) / libm::log(again) - 1e-9).ceil() };
        Tail::Frames(frames.saturating_mul(1 + repeats as u64))
    }

    /// A line that is long enough stays, and a time that it holds is crossfaded.
    fn rebuilds(&self, previous: &Self) -> bool {
        match (self.longest(), previous.longest()) {
            (Time::Seconds(now), Time::Seconds(before)) => now > before,
            (Time::Frames(now), Time::Frames(before)) => now > before,
            _ => true,
        }
    }
}

impl PatchNode for Delay {
    fn example() -> Self {
        Self { feedback: 0.3, ..Self::new(Time::Frames(480)) }
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        // Whatever the rate turns out to be: a time in seconds is compared at the highest one.
        self.consistent(f64::from(patchline_wav::MAX_RATE)).map_err(|error| vec![error])
    }
}

/// The processor of [`Delay`].
pub struct DelayProcessor {
    line: DelayLine,
    rate: f64,
    non_finite: u64,
}

impl Processor for DelayProcessor {
    type Params = Delay;

    fn update(&mut self, params: &Delay) {
        self.line.set(params.params(self.rate), None);
    }

    fn glide(&mut self, params: &Delay, over: Frames) {
        self.line.set(params.params(self.rate), Some(over));
    }

    #[inline(always)]
    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        let mut main = io.main();
        let mut lost = 0;
        let mut segment = self.line.segment(frames);
        if segment.frames() == frames {
            // The rule, and shorter than one of several.
            for (channel, samples) in main.channels().enumerate() {
                lost += self.line.process(channel, &segment, samples);
            }
        } else {
            let mut at = 0;
            loop {
                let end = at + segment.frames();
                for (channel, samples) in main.channels().enumerate() {
                    lost += self.line.process(channel, &segment, &mut samples[at..end]);
                }
                at = end;
                if at == frames {
                    break;
                }
                segment = self.line.segment(frames - at);
            }
        }
        if lost > 0 {
            self.non_finite += lost as u64;
            io.readings.set(0, 0, self.non_finite as f64);
        }
    }

    fn rests(&mut self, position: Frame) -> bool {
        self.line.rests(position)
    }

    fn slept(&mut self, frames: Frames) {
        self.line.slept(frames);
    }

    fn reset(&mut self) {
        self.line.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(time: f64) -> Delay {
        Delay::new(Time::Seconds(time))
    }

    #[test]
    fn only_a_longer_line_is_built_anew() {
        let long = Delay { max_time: Some(Time::Seconds(1.0)), ..seconds(0.5) };
        assert!(!Delay { time: Time::Seconds(0.9), ..long.clone() }.rebuilds(&long));
        assert!(!seconds(0.4).rebuilds(&seconds(0.5)));
        assert!(seconds(0.6).rebuilds(&seconds(0.5)));
        assert!(Delay::new(Time::Frames(1)).rebuilds(&seconds(0.5)));
    }

    #[test]
    fn tails_end_at_100_db_below() {
        let spec = PrepareSpec { rate: 1_000, inputs: vec![1], ..PrepareSpec::default() };
        assert_eq!(seconds(0.5).tail(&spec), Tail::Frames(500));
        // 0.1⁵ = −100 dB.
        assert_eq!(Delay { feedback: 0.1, ..seconds(0.5) }.tail(&spec), Tail::Frames(6 * 500));
        assert_eq!(Delay { feedback: -1.0, ..seconds(0.5) }.tail(&spec), Tail::Infinite);
        assert_eq!(Delay { mix: 0.0, feedback: 1.0, ..seconds(0.5) }.tail(&spec), Tail::None);
    }

    #[test]
    fn impossible_times_are_refused() {
        let mut none = Delay { feedback: 0.5, ..Delay::new(Time::ZERO) };
        let surroundings = Surroundings::new("echo", std::path::Path::new("."));
        assert_eq!(none.resolve(&surroundings).unwrap_err()[0].parameter.as_deref(), Some("feedback"));
        let mut long = Delay { max_time: Some(Time::Seconds(0.1)), ..seconds(0.2) };
        assert_eq!(long.resolve(&surroundings).unwrap_err()[0].parameter.as_deref(), Some("time"));
    }
}
