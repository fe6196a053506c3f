//! How long sound takes on its way: through the device, through the graph, and in all.

use std::fmt;

use patchline_graph::Frames;
use patchline_io::DeviceSpec;
use serde_json::{Value, json};

use crate::units::{frames_and_ms, ms};

/// The parts of the way that there are, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Latency {
    rate: u32,
    input: Option<Frames>,
    graph: Frames,
    output: Option<Frames>,
}

impl Latency {
    /// With a graph that delays by `graph` frames on this device.
    pub(crate) fn new(spec: &DeviceSpec, graph: Frames) -> Self {
        Self {
            rate: spec.rate,
            input: (spec.inputs > 0).then_some(spec.input_latency),
            graph,
            output: (spec.outputs > 0).then_some(spec.output_latency),
        }
    }

    /// The rate that its frames are counted at, in Hz.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    fn total(&self) -> Frames {
        self.input.unwrap_or(0) + self.graph + self.output.unwrap_or(0)
    }

    /// `256 + 0 + 512 = 768 frames (16.00 ms)`.
    pub(crate) fn short(&self) -> String {
        let parts: Vec<String> =
            [self.input, Some(self.graph), self.output].iter().flatten().map(Frames::to_string).collect();
        format!("{} = {}", parts.join(" + "), frames_and_ms(self.total(), self.rate))
    }

    /// All of it: `16.00 ms`.
    pub(crate) fn in_ms(&self) -> String {
        format!("{:.2} ms", ms(self.total(), self.rate))
    }

    /// For programs: parts that there are not are null.
    pub(crate) fn data(&self) -> Value {
        json!({
            "input_frames": self.input,
            "graph_frames": self.graph,
            "output_frames": self.output,
            "total_frames": self.total(),
            "total_ms": ms(self.total(), self.rate),
        })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: &str, frames: Frames| format!("{name} {}", frames_and_ms(frames, self.rate));
        let parts = [
            self.input.map(|frames| part("input", frames)),
            Some(part("graph", self.graph)),
            self.output.map(|frames| part("output", frames)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        write!(f, "latency: {} = {}", parts.join(" + "), frames_and_ms(self.total(), self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_that_there_are_add_up() {
        let spec = DeviceSpec { rate: 48_000, outputs: 2, output_latency: 480, ..DeviceSpec::default() };
        let one_way = Latency::new(&spec, 48);
        assert_eq!(
            one_way.to_string(),
            "latency: graph 48 frames (1.00 ms) + output 480 frames (10.00 ms) = 528 frames (11.00 ms)"
        );
        let both = Latency::new(&DeviceSpec { inputs: 1, input_latency: 96, ..spec }, 0);
        assert_eq!(both.short(), "96 + 0 + 480 = 576 frames (12.00 ms)");
        assert_eq!(both.data()["total_ms"], 12.0);
    }
}
