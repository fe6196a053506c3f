//! `output`: what goes to the device, or into the rendered file.

use patchline_graph::{NoProcessor, Node, NodeError, Ports, PrepareSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::device_channels::ChannelIndex;
use crate::{PatchNode, Surroundings};

/// Channels of the device's output; when a file is rendered, the file's.
///
/// The file has as many channels as the highest index + 1, and those that nothing goes to are silent. What several
/// outputs send to one channel is summed. What is not finite leaves as 0.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{ChannelIndex, Input, Output};
///
/// // To the second channel of the device.
/// let channels = Some(vec![ChannelIndex(1)]);
/// let mut graph = Graph::new();
/// graph.add("mic", Input::default())?.add("out", Output { channels, ..Output::default() })?.link("mic", "out")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 2));
/// engine.load(graph)?;
/// let (mut left, mut right) = ([9.0], [9.0]);
/// renderer.render(1, &[&[0.5]], &mut [&mut left, &mut right]);
/// assert_eq!((left, right), ([0.0], [0.5]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// Part of the device's name; the default device without it.
    pub device: Option<String>,
    /// Where the channels go, counted from 0, in order; without it to the first ones.
    #[schemars(extend("minItems" = 1))]
    pub channels: Option<Vec<ChannelIndex>>,
}

impl Node for Output {
    const KIND: &'static str = "output";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        let indexes = |channels: &Vec<ChannelIndex>| channels.iter().map(|index| index.0).collect();
        Ports::device_output(self.channels.as_ref().map(indexes))
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<NoProcessor<Self>, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        0
    }
}

impl PatchNode for Output {
    fn example() -> Self {
        Self::default()
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        match &self.channels {
            Some(list) if list.is_empty() => {
                let message = "this list is empty; without `channels` the output goes to the first channels";
                Err(vec![NodeError::of("channels", message)])
            }
            _ => Ok(()),
        }
    }
}
