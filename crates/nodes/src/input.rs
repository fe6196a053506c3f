//! `input`: what comes from the device, or from the file that is rendered.

use patchline_graph::{DeviceChannels, NoProcessor, Node, NodeError, Ports, PrepareSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::device_channels::InputChannels;
use crate::{PatchNode, Surroundings};

/// Channels of the device's input; when a file is rendered, the file's.
///
/// Several inputs read the same device. What is not finite arrives as 0, and so does what is below 1e-15 (-300 dBFS), which
/// would make everything behind it slow.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Input, InputChannel, InputChannels, Output};
///
/// // The second channel of the device alone.
/// let channels = Some(InputChannels::List(vec![InputChannel::Index(1)]));
/// let mut graph = Graph::new();
/// graph.add("mic", Input { channels, ..Input::default() })?.add("out", Output::default())?.link("mic", "out")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 2, 1));
/// engine.load(graph)?;
/// let mut output = [0.0];
/// renderer.render(1, &[&[1.0], &[0.5]], &mut [&mut output]);
/// assert_eq!(output, [0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Part of the device's name; the default device without it.
    pub device: Option<String>,
    /// Which channels, counted from 0, in this order; all of them without it. `"silence"` in the list is a silent one;
    /// `"mono_mix"` in place of a list is one channel, the mean of all.
    pub channels: Option<InputChannels>,
    /// Names of the channels, in order, for displays.
    pub labels: Vec<String>,
    /// The output device whose sound is to be captured, where the system can do that.
    pub loopback_of: Option<String>,
}

impl Node for Input {
    const KIND: &'static str = "input";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::device_input(self.channels.as_ref().map_or(DeviceChannels::All, InputChannels::to_device))
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<NoProcessor<Self>, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl PatchNode for Input {
    fn example() -> Self {
        Self::default()
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        let mut errors = Vec::new();
        let width = match &self.channels {
            Some(InputChannels::List(list)) => Some(list.len()),
            Some(InputChannels::MonoMix) => Some(1),
            None => None,
        };
        if width == Some(0) {
            errors.push(NodeError::of("channels", "this list is empty; without `channels` the input has all of them"));
        }
        if let Some(width) = width.filter(|&width| !self.labels.is_empty() && width != self.labels.len()) {
            let message = format!("there are {} labels for {width} channels", self.labels.len());
            errors.push(NodeError::of("labels", message));
        }
        if self.device.is_some() && self.loopback_of.is_some() {
            errors.push(NodeError::of("loopback_of", "an input is a device or a loopback; remove one of the two"));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::device_channels::InputChannel;

    #[test]
    fn labels_are_as_many_as_channels() {
        let list = vec![InputChannel::Index(0), InputChannel::Silence];
        let mut input = Input { channels: Some(InputChannels::List(list)), ..Input::default() };
        let surroundings = Surroundings::new("mic", Path::new("."));
        assert_eq!(input.resolve(&surroundings), Ok(()));
        input.labels = vec!["voice".to_owned()];
        assert_eq!(input.resolve(&surroundings).unwrap_err()[0].parameter.as_deref(), Some("labels"));
    }
}
