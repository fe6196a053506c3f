//! Ports: named bundles of channels, whose width may follow what is linked.

/// The ports of a node.
///
/// ```
/// use patchline_graph::{DeviceChannels, Ports};
///
/// let names = |ports: &Ports| -> (Vec<&str>, Vec<&str>) {
///     (ports.inputs.iter().map(|port| port.name).collect(), ports.outputs.iter().map(|port| port.name).collect())
/// };
/// // A gain; a gate with a signal that opens it, and one that says whether it is open.
/// assert!(Ports::effect().in_place);
/// let gate = Ports::effect().with_optional_input("key", 1).with_output("open", 1);
/// assert_eq!(names(&gate), (vec!["in", "key"], vec!["out", "open"]));
/// // An oscillator, a recorder, a downmix.
/// assert_eq!(names(&Ports::source(1)), (vec![], vec!["out"]));
/// assert_eq!(names(&Ports::sink()), (vec!["in"], vec![]));
/// assert_eq!(names(&Ports::converter(1)), (vec!["in"], vec!["out"]));
/// // Both sides of the device.
/// assert_eq!(names(&Ports::device_input(DeviceChannels::All)), (vec![], vec!["out"]));
/// assert_eq!(names(&Ports::device_output(None)), (vec!["in"], vec![]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ports {
    /// What the node reads; the first is the main one.
    pub inputs: Vec<Port>,
    /// What the node writes; the first is the main one.
    pub outputs: Vec<Port>,
    /// Whether the first output arrives holding the first input's samples, to be processed in place.
    /// Both then have the same number of channels.
    pub in_place: bool,
    /// Set for the two kinds of node that stand for the device itself.
    pub device: Option<DeviceSide>,
}

/// One port.
///
/// ```
/// use patchline_graph::{Channels, Port, Ports};
///
/// // An input of four channels, as no shorthand makes it.
/// let quad = Port { name: "in", channels: Channels::Exactly(4), optional: false };
/// let ports = Ports { inputs: vec![quad], ..Ports::source(2) };
/// assert_eq!((ports.inputs[0].name, ports.outputs[0].name), ("in", "out"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in links (`vad.open`).
    pub name: &'static str,
    /// How wide it is.
    pub channels: Channels,
    /// Whether it may stay unlinked, having 0 channels then.
    pub optional: bool,
}

/// How many channels a port has.
///
/// ```
/// use patchline_graph::{Channels, Ports};
///
/// let ports = Ports::converter(1);
/// assert_eq!(ports.inputs[0].channels, Channels::Follow);
/// assert_eq!(ports.outputs[0].channels, Channels::Exactly(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Always this many.
    Exactly(usize),
    /// An input as wide as what is linked to it; an output as wide as the node's first input.
    Follow,
}

/// A node that stands for the device.
///
/// ```
/// use patchline_graph::{DeviceChannels, DeviceSide, Ports};
///
/// assert_eq!(Ports::device_input(DeviceChannels::All).device, Some(DeviceSide::Input(DeviceChannels::All)));
/// // Its third and fourth channel.
/// assert_eq!(Ports::device_output(Some(vec![2, 3])).device, Some(DeviceSide::Output(Some(vec![2, 3]))));
/// assert_eq!(Ports::effect().device, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceSide {
    /// Its output holds these channels of the device.
    Input(DeviceChannels),
    /// Its input goes to these channels of the device; `None` is all of them, in order.
    Output(Option<Vec<usize>>),
}

/// Which channels of the device an input node holds.
///
/// ```
/// use patchline_graph::{DeviceChannels, Ports};
///
/// // The fourth channel of the device, and silence beside it.
/// let pick = DeviceChannels::Pick(vec![Some(3), None]);
/// assert_eq!(pick.width(8), 2);
/// assert_eq!((DeviceChannels::All.width(8), DeviceChannels::MonoMix.width(8)), (8, 1));
/// assert_eq!(Ports::device_input(pick).outputs.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChannels {
    /// All, in order.
    All,
    /// These, counted from 0; `None` is a silent channel.
    Pick(Vec<Option<usize>>),
    /// One channel: the mean of all.
    MonoMix,
}

impl Ports {
    /// One input `in` and one output `out` of the same width, processed in place.
    #[must_use]
    pub fn effect() -> Self {
        Self { inputs: vec![Port::input("in")], outputs: vec![Port::output("out")], in_place: true, device: None }
    }

    /// One output `out` of `channels` channels.
    #[must_use]
    pub fn source(channels: usize) -> Self {
        Self { outputs: vec![Port::exactly("out", channels)], ..Self::default() }
    }

    /// One input `in`, read only.
    #[must_use]
    pub fn sink() -> Self {
        Self { inputs: vec![Port::input("in")], ..Self::default() }
    }

    /// An input `in` of any width and a separate output `out` of `channels` channels.
    #[must_use]
    pub fn converter(channels: usize) -> Self {
        Self { inputs: vec![Port::input("in")], ..Self::source(channels) }
    }

    /// The device's input.
    #[must_use]
    pub fn device_input(channels: DeviceChannels) -> Self {
        Self { outputs: vec![Port::output("out")], device: Some(DeviceSide::Input(channels)), ..Self::default() }
    }

    /// The device's output.
    #[must_use]
    pub fn device_output(channels: Option<Vec<usize>>) -> Self {
        Self { device: Some(DeviceSide::Output(channels)), ..Self::sink() }
    }

    /// Adds an input that may stay unlinked.
    #[must_use]
    pub fn with_optional_input(mut self, name: &'static str, channels: usize) -> Self {
        self.inputs.push(Port { optional: true, ..Port::exactly(name, channels) });
        self
    }

    /// Adds an output of `channels` channels.
    #[must_use]
    pub fn with_output(mut self, name: &'static str, channels: usize) -> Self {
        self.outputs.push(Port::exactly(name, channels));
        self
    }
}

impl Port {
    fn input(name: &'static str) -> Self {
        Self { name, channels: Channels::Follow, optional: false }
    }

    fn output(name: &'static str) -> Self {
        Self { name, channels: Channels::Follow, optional: false }
    }

    fn exactly(name: &'static str, channels: usize) -> Self {
        Self { name, channels: Channels::Exactly(channels), optional: false }
    }
}
