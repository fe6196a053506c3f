//! The device that a patch wants: which, how many channels, and what they are called.

use std::collections::BTreeMap;
use std::time::Duration;

use patchline_graph::{AnyNode, Graph, GraphError, GraphErrors, Place};
use patchline_io::{ChannelCount, DeviceRequest, LatencyWish, Patience, SideRequest};
use patchline_nodes::{Input, InputChannel, InputChannels, Output};
use patchline_patch::{Checked, EngineSettings, Latency, MidiInputs, OnDeviceLoss, Share, Transport};

use crate::load::USUAL_RATE;
use crate::overview;

/// Channels beyond are called what the host likes.
const MOST_LABELS: usize = 64;

/// What is asked of a host for this patch: as many outputs as its schedule has, and as many inputs as it names.
///
/// # Errors
/// Nodes that are on different devices.
pub(crate) fn request(checked: &Checked) -> Result<DeviceRequest, GraphErrors> {
    let (graph, settings) = (&checked.loaded.graph, &checked.loaded.engine);
    let (input, output) = devices(graph)?;
    let outputs = checked.schedule.device_out.len();
    Ok(DeviceRequest {
        client_name: settings.client_name.clone().unwrap_or_else(|| checked.loaded.name.clone()),
        input: channels(graph).map(|channels| SideRequest { channels, labels: input_labels(graph), ..input }),
        output: (outputs > 0).then(|| SideRequest {
            channels: ChannelCount::Exactly(outputs),
            labels: output_labels(graph),
            ..output
        }),
        rate: settings.rate(),
        block: (settings.block > 0).then_some(settings.block as usize),
        latency: latency(settings),
        exclusive: settings.share == Share::Exclusive,
        unconnected: !settings.connect,
        follow_transport: settings.transport == Transport::Follow,
        midi: match &checked.loaded.control.midi {
            MidiInputs::None => None,
            MidiInputs::All => Some(Vec::new()),
            MidiInputs::Named(names) => Some(names.clone()),
        },
    })
}

/// What is done when the device goes.
pub(crate) fn patience(settings: &EngineSettings) -> Patience {
    Patience { fallback: settings.on_device_loss == OnDeviceLoss::Fallback, ..Patience::default() }
}

fn latency(settings: &EngineSettings) -> LatencyWish {
    match settings.latency {
        Latency::Low => LatencyWish::Low,
        Latency::High => LatencyWish::High,
        Latency::Time(time) => {
            let rate = settings.rate().unwrap_or(USUAL_RATE);
            LatencyWish::Time(Duration::from_secs_f64(time.seconds(f64::from(rate))))
        }
    }
}

/// The channels that the input must have; `None` where nothing is read.
fn channels(graph: &Graph) -> Option<ChannelCount> {
    match overview::device_inputs(graph) {
        (0, false) => None,
        (0, true) => Some(ChannelCount::All),
        (least, true) => Some(ChannelCount::AtLeast(least)),
        (least, false) => Some(ChannelCount::Exactly(least)),
    }
}

/// The devices of the graph's inputs and outputs.
///
/// # Errors
/// Every node that is on another device than the first one of its side.
pub(crate) fn devices(graph: &Graph) -> Result<(SideRequest, SideRequest), GraphErrors> {
    let inputs = graph.nodes().filter_map(|(name, node)| {
        let Input { device, loopback_of, .. } = node.downcast_ref()?;
        let key = if loopback_of.is_some() { "loopback_of" } else { "device" };
        let device = loopback_of.clone().or(device.clone());
        Some((name.as_str(), key, SideRequest { device, loopback: loopback_of.is_some(), ..SideRequest::default() }))
    });
    let outputs = graph.nodes().filter_map(|(name, node)| {
        let Output { device, .. } = node.downcast_ref()?;
        Some((name.as_str(), "device", SideRequest { device: device.clone(), ..SideRequest::default() }))
    });
    let mut errors = Vec::new();
    let sides = (one(inputs, "reads", &mut errors), one(outputs, "plays on", &mut errors));
    if errors.is_empty() { Ok(sides) } else { Err(GraphErrors(errors)) }
}

/// Whether a node asks for another device than before.
pub(crate) fn is_another_device(before: &AnyNode, after: &AnyNode) -> bool {
    let input =
        |node: &AnyNode| node.downcast_ref::<Input>().map(|node| (node.device.clone(), node.loopback_of.clone()));
    let output = |node: &AnyNode| node.downcast_ref::<Output>().map(|node| node.device.clone());
    input(before) != input(after) || output(before) != output(after)
}

/// The first of them, which the others must be like.
fn one<'a>(
    mut nodes: impl Iterator<Item = (&'a str, &'static str, SideRequest)>,
    uses: &str,
    errors: &mut Vec<GraphError>,
) -> SideRequest {
    let Some((first, _, side)) = nodes.next() else { return SideRequest::default() };
    for (name, key, other) in nodes.filter(|(_, _, other)| *other != side) {
        let message = format!(
            "`{name}` {uses} {} and `{first}` {uses} {}: a patch plays on one input and one output device; name the \
             same one at both, join them to one device in the system, or run a patch for each",
            called(&other),
            called(&side),
        );
        let place = match other.device {
            Some(_) => Place::Parameter(name.to_owned(), key.into()),
            None => Place::Node(name.to_owned()),
        };
        errors.push(GraphError { place, message });
    }
    side
}

fn called(side: &SideRequest) -> String {
    match (&side.device, side.loopback) {
        (Some(device), true) => format!("what `{device}` plays"),
        (Some(device), false) => format!("`{device}`"),
        (None, _) => "the default device".to_owned(),
    }
}

/// What the device's input channels are called: by the labels of the nodes that read them, else by the nodes.
fn input_labels(graph: &Graph) -> Vec<String> {
    let mut names = BTreeMap::new();
    for (name, node) in graph.nodes() {
        let Some(input) = node.downcast_ref::<Input>() else { continue };
        match &input.channels {
            Some(InputChannels::List(list)) => {
                let index = |channel: &InputChannel| match channel {
                    InputChannel::Index(index) => Some(*index),
                    InputChannel::Silence => None,
                };
                label(&mut names, name.as_str(), &input.labels, list.iter().map(index));
            }
            // Its one label is the mix's.
            Some(InputChannels::MonoMix) => label(&mut names, name.as_str(), &[], (0..MOST_LABELS).map(Some)),
            None => label(&mut names, name.as_str(), &input.labels, (0..MOST_LABELS).map(Some)),
        }
    }
    in_order(names)
}

/// What the device's output channels are called: by the nodes that play on them.
fn output_labels(graph: &Graph) -> Vec<String> {
    let mut names = BTreeMap::new();
    for (name, node) in graph.nodes() {
        let Some(output) = node.downcast_ref::<Output>() else { continue };
        match &output.channels {
            Some(list) => label(&mut names, name.as_str(), &[], list.iter().map(|index| Some(index.0))),
            None => label(&mut names, name.as_str(), &[], (0..MOST_LABELS).map(Some)),
        }
    }
    in_order(names)
}

/// Names a node's channels, where nobody has before.
fn label(
    names: &mut BTreeMap<usize, String>,
    node: &str,
    labels: &[String],
    channels: impl ExactSizeIterator<Item = Option<usize>>,
) {
    let only = channels.len() == 1;
    for (number, channel) in channels.enumerate() {
        let usual = || if only { node.to_owned() } else { format!("{node}_{}", number + 1) };
        if let Some(channel) = channel.filter(|&channel| channel < MOST_LABELS) {
            names.entry(channel).or_insert_with(|| labels.get(number).cloned().unwrap_or_else(usual));
        }
    }
}

/// By channel; those without a name are called what the host likes.
fn in_order(names: BTreeMap<usize, String>) -> Vec<String> {
    let channels = names.keys().last().map_or(0, |last| last + 1);
    (0..channels).map(|channel| names.get(&channel).cloned().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::Assumed;
    use crate::cli::PatchArgs;
    use crate::load;

    fn checked(nodes: &str) -> Checked {
        let patch = format!("name = \"band\"\n{nodes}");
        let patch = load::from_bytes(patch.as_bytes(), Path::new("p.toml"), &PatchArgs::default()).unwrap();
        let registry = crate::standard_registry();
        let options = load::options(&PatchArgs::default(), None);
        patch.check(&registry, &options, |settings, graph| Assumed::default().stream(settings, graph)).unwrap()
    }

    #[test]
    fn a_patch_asks_for_what_its_nodes_name() {
        let checked = checked(
            "links = [\"mic -> out[0]\", \"rest -> out[1]\"]\n\
             [engine]\nblock = 64\nlatency = \"5 ms\"\nsample_rate = 44100\nconnect = false\nclient_name = \"desk\"\n\
             transport = \"follow\"\n\
             [nodes.mic]\ntype = \"input\"\ndevice = \"Scarlett\"\nchannels = [3]\n\
             [nodes.rest]\ntype = \"input\"\ndevice = \"Scarlett\"\nchannels = [0]\nlabels = [\"kick\"]\n\
             [nodes.out]\ntype = \"output\"\nchannels = [0, 5]\n",
        );
        let request = request(&checked).unwrap();
        let input = request.input.unwrap();
        assert_eq!((input.device.as_deref(), input.channels), (Some("Scarlett"), ChannelCount::Exactly(4)));
        assert_eq!(input.labels, ["kick", "", "", "mic"]);
        let output = request.output.unwrap();
        assert_eq!((output.device, output.channels), (None, ChannelCount::Exactly(6)));
        assert_eq!(output.labels, ["out_1", "", "", "", "", "out_2"]);
        assert_eq!((request.rate, request.block, request.client_name.as_str()), (Some(44_100), Some(64), "desk"));
        assert_eq!(request.latency, LatencyWish::Time(Duration::from_millis(5)));
        assert!(request.unconnected && request.follow_transport && !request.exclusive);
    }

    #[test]
    fn sides_that_nobody_uses_are_not_asked_for() {
        let tone = request(&checked(
            "links = [\"tone -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.out]\ntype = \"output\"\n",
        ));
        let tone = tone.unwrap();
        assert_eq!((tone.input, tone.client_name.as_str()), (None, "band"));
        assert_eq!(tone.output.unwrap().channels, ChannelCount::Exactly(1));
        let level = "links = [\"mic -> level\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.level]\ntype = \"meter\"\n";
        let level = request(&checked(level)).unwrap();
        assert_eq!((level.input.unwrap().channels, level.output), (ChannelCount::All, None));
    }

    #[test]
    fn two_devices_on_a_side_are_told_at_their_place() {
        let checked = checked(
            "links = [\"a -> out\", \"b -> out\"]\n[nodes.a]\ntype = \"input\"\nchannels = [0]\n\
             [nodes.b]\ntype = \"input\"\nchannels = [0]\nloopback_of = \"Speakers\"\n[nodes.out]\ntype = \"output\"\n",
        );
        let errors = request(&checked).unwrap_err();
        assert_eq!(errors.0[0].place, Place::Parameter("b".to_owned(), "loopback_of".into()));
        assert!(errors.0[0].message.contains("`b` reads what `Speakers` plays and `a` reads the default device"));
    }
}
