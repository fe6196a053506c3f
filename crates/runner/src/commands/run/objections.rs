//! What devices and files have against a patch, at the keys of the patch that ask for it.

use patchline_graph::Graph;
use patchline_io::{IoError, Side};
use patchline_nodes::{ChannelIndex, Input, InputChannel, InputChannels, Output};
use patchline_patch::{Checked, Code, Key};

use crate::cli::RunArgs;
use crate::exit::{Exit, Failure};
use crate::hosts::NotOpened;
use crate::load::shown_failure;

/// Why no device was opened: with places, where it is about something that stands in the patch.
pub(super) fn of_device(refused: NotOpened, checked: &Checked, args: &RunArgs) -> Failure {
    let (mut placed, mut general): (Vec<(Key<'_>, Vec<String>)>, Vec<String>) = Default::default();
    for (words, error) in refused.reasons() {
        match key(error, checked, args) {
            Some(key) => match placed.iter_mut().find(|(other, _)| *other == key) {
                Some((_, said)) => said.push(words),
                None => placed.push((key, vec![words])),
            },
            None => general.push(words),
        }
    }
    if placed.is_empty() {
        return refused.into();
    }
    general.push(refused.help());
    // What helps against all is said once.
    let mut help = general.join("; ");
    let objections = placed.into_iter().map(|(key, said)| (key, message(key, &said), std::mem::take(&mut help)));
    let mistakes = checked.loaded.objections(Code::Device, objections);
    shown_failure(Exit::Device, &mistakes).with("tried", refused.tried_data())
}

fn message(key: Key<'_>, said: &[String]) -> String {
    match key {
        Key::Node(node, _) => format!("`{node}`: {}", said.join("; ")),
        Key::Engine(_) => said.join("; "),
    }
}

/// The key that asks for what is refused; none, where the command line or nobody did.
fn key<'a>(error: &IoError, checked: &'a Checked, args: &RunArgs) -> Option<Key<'a>> {
    let graph = &checked.loaded.graph;
    match error {
        IoError::NotFound { wanted, side, .. } if !wanted.is_empty() => device(graph, *side),
        IoError::Ambiguous { side, .. } => device(graph, *side),
        IoError::Setting { setting: "the name of the input device", .. } => device(graph, Side::Input),
        IoError::Setting { setting: "the name of the output device", .. } => device(graph, Side::Output),
        IoError::Unsupported { what: "an input and an output of different hosts", .. } => device(graph, Side::Output),
        IoError::Unsupported { what: "what is played on an output", .. } => device(graph, Side::Input),
        IoError::Unsupported { what: "exclusive use", .. } => Some(Key::Engine("share")),
        IoError::Unsupported { what: "following a transport", .. } => Some(Key::Engine("transport")),
        IoError::Rate { .. } => {
            checked.loaded.engine.rate().filter(|_| args.sample_rate.is_none()).map(|_| Key::Engine("sample_rate"))
        }
        IoError::Channels { side: Side::Input, .. } if args.channels.is_none() => highest(graph, last_input),
        IoError::Channels { side: Side::Output, .. } => highest(graph, last_output),
        _ => None,
    }
}

/// The device of a side, at the first node that names it.
fn device(graph: &Graph, side: Side) -> Option<Key<'_>> {
    graph.nodes().find_map(|(name, node)| match side {
        Side::Output => node.downcast_ref::<Output>()?.device.as_ref().map(|_| Key::Node(name.as_str(), "device")),
        _ => {
            let Input { device, loopback_of, .. } = node.downcast_ref()?;
            let loopback = loopback_of.as_ref().map(|_| Key::Node(name.as_str(), "loopback_of"));
            loopback.or(device.as_ref().map(|_| Key::Node(name.as_str(), "device")))
        }
    })
}

/// The node of a side that asks for the highest channel.
fn highest(graph: &Graph, last: impl Fn(&Graph, &str) -> Option<usize>) -> Option<Key<'_>> {
    let nodes = graph.nodes().filter_map(|(name, _)| Some((last(graph, name.as_str())?, name)));
    nodes.max_by_key(|(last, _)| *last).map(|(_, name)| Key::Node(name.as_str(), "channels"))
}

fn last_input(graph: &Graph, name: &str) -> Option<usize> {
    let Input { channels, .. } = graph.node(name)?.downcast_ref()?;
    let Some(InputChannels::List(list)) = channels else { return Some(0) };
    let index = |channel: &InputChannel| match channel {
        InputChannel::Index(index) => *index,
        InputChannel::Silence => 0,
    };
    list.iter().map(index).max()
}

fn last_output(graph: &Graph, name: &str) -> Option<usize> {
    let Output { channels, .. } = graph.node(name)?.downcast_ref()?;
    channels.as_ref().map_or(Some(0), |list| list.iter().map(|ChannelIndex(index)| *index).max())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use patchline_graph::StreamSpec;
    use patchline_patch::{Options, Registry, read};

    use super::*;
    use crate::cli::{BackendChoice, Cli, Command};

    const PATCH: &str = "links = [\"mic -> out\"]\n[engine]\nsample_rate = 44100\nshare = \"exclusive\"\n[nodes.mic]\n\
                         type = \"input\"\ndevice = \"nope\"\n[nodes.out]\ntype = \"output\"\ndevice = \"no\"\nchannels = [0, 7]\n";

    /// Where these errors stand, in order.
    fn lines(tried: Vec<IoError>, rest: &[&str]) -> Vec<u64> {
        let patch = read(PATCH.as_bytes(), "p.toml").unwrap();
        let stream = StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 2, 0) };
        let checked = patch.check(&Registry::standard(), &Options::default(), |_, _| stream).unwrap();
        let line = ["runner", "run", "p.toml"].into_iter().chain(rest.iter().copied());
        let Command::Run(args) = Cli::try_parse_from(line).unwrap().command else { unreachable!("it is run") };
        let tried = tried.into_iter().map(|error| ("alsa", error)).collect();
        let failure = of_device(NotOpened::new(BackendChoice::Auto, tried), &checked, &args);
        assert_eq!(failure.exit, Exit::Device);
        let mistakes = failure.details.get("mistakes").and_then(|mistakes| mistakes.as_array());
        mistakes.into_iter().flatten().map(|mistake| mistake["line"].as_u64().unwrap()).collect()
    }

    #[test]
    fn what_is_refused_is_shown_where_it_is_asked_for() {
        let missing = |wanted: &str, side| IoError::NotFound { wanted: wanted.to_owned(), side, nearest: Vec::new() };
        assert_eq!(lines(vec![missing("nope", Side::Input), missing("no", Side::Output)], &[]), [7, 10]);
        assert_eq!(lines(vec![missing("", Side::Input)], &[]), [0; 0]);
        let rate = || IoError::Rate { device: "a".to_owned(), asked: 44_100, rates: vec![48_000] };
        assert_eq!(lines(vec![rate()], &[]), [3]);
        assert_eq!(lines(vec![rate()], &["--rate", "44100"]), [0; 0], "the command line asked for it");
        let unsupported = |what| IoError::Unsupported { what, device: "a".to_owned(), instead: String::new() };
        assert_eq!(lines(vec![unsupported("exclusive use")], &[]), [4]);
        let few = |side| IoError::Channels { device: "a".to_owned(), side, asked: 8, has: 2 };
        assert_eq!(lines(vec![few(Side::Output)], &[]), [11]);
        assert_eq!(lines(vec![few(Side::Input)], &[]), [5], "a node that does not say so stands for itself");
    }
}
