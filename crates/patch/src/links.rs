//! The `links`: arrow strings, read with the place of every end.

use std::ops::Range;

use patchline_graph::{Endpoint, Link, NodeName};
use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::{Code, Diagnostic};
use crate::macros::{Target, Uses, composed};
use crate::mistakes::Mistakes;
use crate::nodes::{NodeEntries, at, short};
use crate::source::Source;
use crate::table::listed;

/// How links are written, for those who write them otherwise.
const FORM: &str =
    "links are written `\"a -> b\"`, `\"a -> b -> c\"`, `\"vad.open -> rec.record\"` or `\"a ~> b\"` (feedback)";

/// A link with the places of its ends.
pub(crate) struct LinkEntry {
    pub(crate) link: Link,
    pub(crate) from: Range<usize>,
    pub(crate) to: Range<usize>,
    /// The use of a macro that it is in.
    pub(crate) group: Option<String>,
    /// Whether both ends are there.
    pub(crate) good: bool,
}

/// Reads every link and checks that its ends exist. Those that cannot be read at all are left out. In the use of a macro
/// (`group`), names are those of its nodes.
pub(crate) fn read_links(
    value: &Spanned<DeValue<'_>>,
    group: Option<&str>,
    ends: &Ends<'_>,
    mistakes: &mut Mistakes,
) -> Vec<LinkEntry> {
    let wrong = |span, help: &str| Diagnostic::new(Code::Value, span, "`links` is a list of texts").help(help);
    let DeValue::Array(items) = value.get_ref() else {
        let help = value.get_ref().as_str().map_or_else(|| FORM.to_owned(), in_brackets);
        mistakes.push(wrong(value.span(), &help));
        return Vec::new();
    };
    let mut links = Vec::new();
    for item in items.iter() {
        match item.get_ref() {
            DeValue::String(text) => {
                let spot = Spot { begins: ends.source.begins(&item.span(), text), span: item.span() };
                Reader { spot, text, group, ends, mistakes }.read(&mut links);
            }
            _ => mistakes.push(wrong(item.span(), FORM)),
        }
    }
    links
}

/// What would be right for a chain that stands alone.
fn in_brackets(chain: &str) -> String {
    let chain = if short(chain) == chain { chain } else { "a -> b" };
    format!("put brackets around it: links = [{chain:?}]")
}

/// Whether the port of a node that a macro's port leads to is there; reports it if not.
pub(crate) fn is_there(target: &Target, input: bool, ends: &Ends<'_>, mistakes: &mut Mistakes) -> bool {
    let side = if input { Side::Input } else { Side::Output };
    let spot = Spot { begins: None, span: target.place.clone() };
    let text = target.end.node.as_str();
    Reader { spot, text, group: None, ends, mistakes }.exists(&target.end, 0..0, side)
}

/// What links lead to.
pub(crate) struct Ends<'a> {
    pub(crate) source: &'a Source,
    pub(crate) nodes: &'a NodeEntries,
    pub(crate) uses: &'a Uses,
}

/// Where a text stands.
struct Spot {
    /// Where it begins in the patch, if it is written there as it is.
    begins: Option<usize>,
    /// The text with its quotes.
    span: Range<usize>,
}

/// Reads one text of links.
struct Reader<'a> {
    spot: Spot,
    text: &'a str,
    group: Option<&'a str>,
    ends: &'a Ends<'a>,
    mistakes: &'a mut Mistakes,
}

/// A piece of the text between arrows.
struct Piece {
    range: Range<usize>,
    /// What the arrow after it begins with: `-`, `~` or `!`. Nothing after the last one.
    arrow: Option<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Output,
    Input,
}

impl Reader<'_> {
    fn read(mut self, links: &mut Vec<LinkEntry>) {
        let pieces = pieces(self.text);
        if pieces.len() < 2 {
            let whole = pieces.first().map_or(0..0, |piece| piece.range.clone());
            return self.error(whole, "a link needs an arrow between two nodes".to_owned(), Some(FORM.to_owned()));
        }
        let last = pieces.len() - 1;
        let ends: Vec<Option<Endpoint>> = pieces
            .iter()
            .enumerate()
            .map(|(index, piece)| self.endpoint(piece.range.clone(), index > 0 && index < last))
            .collect();
        for (index, pair) in ends.windows(2).enumerate() {
            let [Some(from), Some(to)] = pair else { continue };
            let (from_at, to_at) = (pieces[index].range.clone(), pieces[index + 1].range.clone());
            // An end in the middle of a chain is looked up twice, and said once if its node is missing.
            let from = self.resolved(from, from_at.clone(), Side::Output);
            let to = self.resolved(to, to_at.clone(), Side::Input);
            let arrow = pieces[index].arrow;
            for ((from, from_good), (to, to_good)) in
                from.iter().flat_map(|from| to.iter().map(move |to| (from.clone(), to.clone())))
            {
                let link = Link { feedback: arrow == Some(b'~'), direct: arrow == Some(b'!'), ..Link::new(from, to) };
                links.push(LinkEntry {
                    link,
                    from: self.place(from_at.clone()),
                    to: self.place(to_at.clone()),
                    group: self.group.map(str::to_owned),
                    good: from_good && to_good,
                });
            }
        }
    }

    /// The ports of nodes that an end is: itself, or what the port of a macro's use leads to. With each, whether it is
    /// there.
    fn resolved(&mut self, end: &Endpoint, range: Range<usize>, side: Side) -> Vec<(Endpoint, bool)> {
        let end = match self.group.map(|group| NodeName::new(&format!("{group}/{}", end.node))) {
            Some(Ok(node)) => Endpoint { node, ..end.clone() },
            Some(Err(error)) => {
                self.error(range, error.message, None);
                return Vec::new();
            }
            None => end.clone(),
        };
        let name = end.node.as_str();
        let Some(user) = self.ends.uses.get(name) else {
            let good = self.exists(&end, range, side);
            return vec![(end, good)];
        };
        let Some(port) = user.port(side.index(), end.port.as_deref()) else {
            let ports: Vec<&str> = user.ports[side.index()].iter().map(|port| port.name.as_str()).collect();
            let message = match &end.port {
                Some(port) => side.unknown(name, port, &ports),
                None => format!("macro `{}`, which `{name}` is, declares no {}s", user.of, side.word()),
            };
            if !user.faulty {
                self.error(range, message, None);
            }
            return Vec::new();
        };
        let mut ends = Vec::new();
        for target in &port.targets {
            match composed(target.end.channels.as_ref(), end.channels.as_ref()) {
                Some(channels) => ends.push((Endpoint { channels, ..target.end.clone() }, target.good)),
                None => self.error(range.clone(), format!("`{name}` has no such channels there"), None),
            }
        }
        ends
    }

    fn place(&self, inside: Range<usize>) -> Range<usize> {
        let Spot { begins, span } = &self.spot;
        begins.map_or_else(|| span.clone(), |begins| begins + inside.start..begins + inside.end)
    }

    fn error(&mut self, inside: Range<usize>, message: String, help: Option<String>) {
        let diagnostic = Diagnostic::new(Code::Link, self.place(inside), message);
        self.mistakes.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn endpoint(&mut self, range: Range<usize>, middle: bool) -> Option<Endpoint> {
        let text = &self.text[range.clone()];
        if text.is_empty() {
            self.error(range, "a node's name is missing beside this arrow".to_owned(), Some(FORM.to_owned()));
            return None;
        }
        match text.parse::<Endpoint>() {
            Ok(end) if middle && (end.port.is_some() || end.channels.is_some()) => {
                let message =
                    format!("`{}` stands in the middle of a chain: is this its input or its output?", short(text));
                self.error(range, message, Some("a chain goes through main ports; write two links".to_owned()));
                None
            }
            Ok(end) => Some(end),
            Err(error) => {
                let place = at(text, error.at);
                let arrow = ["→", "=>", "<-", "—>", "–>"].iter().any(|arrow| text.contains(arrow));
                let several = text.contains(char::is_whitespace) || text.contains(['>', '-', ',']);
                let help = (arrow || several).then(|| FORM.to_owned());
                self.error(range.start + place.start..range.start + place.end, error.message, help);
                None
            }
        }
    }

    /// Whether a node and its port are there; reports it if not.
    fn exists(&mut self, end: &Endpoint, range: Range<usize>, side: Side) -> bool {
        let nodes = self.ends.nodes;
        let name = end.node.as_str();
        // In a macro, a node is written without the use's name.
        let written = name.len() - self.group.map_or(0, |group| group.len() + 1);
        let node_range = range.start..range.start + written;
        if self.ends.uses.group_of(name).and_then(|group| self.ends.uses.get(group)).is_some_and(|user| user.faulty)
            && !nodes.by_name.contains_key(name)
        {
            return false;
        }
        let Some(entry) = nodes.by_name.get(name) else {
            let diagnostic = Diagnostic::new(Code::Link, self.place(node_range), format!("there is no node `{name}`"));
            // Said once for each place, and with the same words, so that it can be told apart.
            if !self.mistakes.list.iter().rev().take(2).any(|said| said.span == diagnostic.span) {
                let names = nodes.order.iter().chain(&self.ends.uses.order).map(String::as_str);
                let help = match self.mistakes.closest(name, names) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None if name.contains('/') => "a node of a macro's use is written `USE/NODE`".to_owned(),
                    None => format!("a node needs a table: [nodes.{name}]"),
                };
                self.mistakes.push(diagnostic.help(help));
            }
            return false;
        };
        let Some([inputs, outputs]) = &entry.ports else { return false };
        let ports = if side == Side::Input { inputs } else { outputs };
        let (message, place) = match &end.port {
            None if ports.is_empty() => (side.none(name), node_range),
            Some(port) if !ports.contains(&port.as_str()) => {
                let start = node_range.end + 1;
                (side.unknown(name, port, ports), start..start + port.len())
            }
            _ => return entry.node.is_some(),
        };
        let close = end.port.as_ref().and_then(|port| self.mistakes.closest(port, ports.iter().copied()));
        let close = close.map(|close| format!("did you mean `{name}.{close}`?"));
        let end_of_chain = ports.is_empty().then(|| side.end_of_chain(name));
        self.error(place, message, close.or(end_of_chain));
        false
    }
}

impl Side {
    /// Its place among the ports of a use.
    fn index(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Output => 1,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
        }
    }

    fn none(self, node: &str) -> String {
        let only = if self == Self::Output { "only takes sound in" } else { "only gives sound" };
        format!("`{node}` has no {}, it {only}", self.word())
    }

    /// Where a node without ports on this side stands.
    fn end_of_chain(self, node: &str) -> String {
        match self {
            Self::Output => format!("it stands last in a chain: `… -> {node}`"),
            Self::Input => format!("it stands first in a chain: `{node} -> …`"),
        }
    }

    fn unknown(self, node: &str, port: &str, ports: &[&str]) -> String {
        let word = self.word();
        match ports {
            [] => format!("`{node}` has no {word} `{port}`; it has none at all"),
            _ => format!("`{node}` has no {word} `{port}`; it has {}", listed(ports.iter().copied())),
        }
    }
}

/// The pieces between the arrows, without the spaces around them.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    loop {
        let arrow = text[start..]
            .match_indices('>')
            .map(|(at, _)| start + at)
            .find(|&at| at > start && matches!(text.as_bytes()[at - 1], b'-' | b'~' | b'!'));
        let end = arrow.map_or(text.len(), |head| head - 1);
        let piece = &text[start..end];
        let from = start + (piece.len() - piece.trim_start().len());
        let range = from..from + piece.trim().len();
        pieces.push(Piece { range, arrow: arrow.map(|head| text.as_bytes()[head - 1]) });
        match arrow {
            Some(head) => start = head + 1,
            None => return pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_part_names_with_or_without_spaces() {
        let check = |text: &str, names: &[&str], arrows: &str| {
            let pieces = pieces(text);
            let got: Vec<&str> = pieces.iter().map(|piece| &text[piece.range.clone()]).collect();
            let between: String = pieces.iter().filter_map(|piece| piece.arrow).map(char::from).collect();
            assert_eq!((&got[..], between.as_str()), (names, arrows), "{text}");
        };
        check("a -> b", &["a", "b"], "-");
        check("a->b~>c-d !> e", &["a", "b", "c-d", "e"], "-~!");
        check(" a-b -> c[0] ", &["a-b", "c[0]"], "-");
        check("-> b ->", &["", "b", ""], "--");
        check("a > b", &["a > b"], "");
        check("é->", &["é", ""], "-");
        check("", &[""], "");
    }
}
