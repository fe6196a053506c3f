//! The `[[use]]` tables: each becomes the nodes and links of its macro, under a name of its own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use patchline_graph::{Endpoint, NodeName};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::define::{Inner, Macro, Macros, OF_USES, read_macros};
use super::substitute::{NAME, Substitution};
use super::{InnerLinks, MOST_NODES, Port, Said, Target, Use, Uses, composed};
use crate::diagnostic::{Code, Diagnostic};
use crate::document::MOST_BYTES;
use crate::mistakes::Mistakes;
use crate::nodes::short;
use crate::table::listed;

/// The most macros that use each other, one within the other.
const DEEPEST: usize = 16;
/// The most uses of macros, those within macros counted each time.
const MOST_USES: usize = 10_000;
/// The most that values come to in all, counted in bytes.
const MOST_MADE: usize = 16 * MOST_BYTES;
const FORM: &str = "each use is a table of its own: [[use]] with `macro = \"lane\"` and `name = \"host\"` below it";

/// Puts the nodes that macros make into the patch's table, and gives the links between them.
pub(crate) fn expand<'i>(
    table: &mut DeTable<'i>,
    broken: bool,
    said: &mut Said,
    mistakes: &mut Mistakes,
) -> (Uses, Vec<InnerLinks<'i>>) {
    let mut nodes = match table.get("nodes").map(Spanned::get_ref) {
        Some(DeValue::Table(nodes)) => nodes.clone(),
        Some(_) => return (Uses::default(), Vec::new()),
        None => DeTable::new(),
    };
    let from = mistakes.list.len();
    let macros = read_macros(table, mistakes);
    said.of_all(&mistakes.list[from..]);
    let list = match table.get("use").map(|value| (value.span(), value.get_ref())) {
        Some((_, DeValue::Array(list))) => list,
        Some((span, _)) => {
            mistakes.push(Diagnostic::new(Code::Value, span, "`use` is not a list of tables").help(FORM));
            return (Uses::default(), Vec::new());
        }
        None => return (Uses::default(), Vec::new()),
    };
    let names = nodes.keys().map(|key| (key.get_ref().to_string(), key.span())).collect();
    let mut expander = Expander {
        macros: &macros,
        broken,
        nodes: DeTable::new(),
        links: Vec::new(),
        uses: Uses::default(),
        names,
        made: 0,
        left: MOST_MADE,
        said,
        mistakes,
    };
    expander.uses("", list, 0);
    let Expander { nodes: made, links, uses, .. } = expander;
    if uses.overflow {
        return (uses, Vec::new());
    }
    made.into_iter().for_each(|(key, value)| _ = nodes.insert(key, value));
    let span = table.get("nodes").map_or(0..0, Spanned::span);
    let key = table.keys().find(|key| key.get_ref() == "nodes").map_or(0..0, Spanned::span);
    table.remove("nodes");
    table.insert(Spanned::new(key, Cow::Borrowed("nodes")), Spanned::new(span, DeValue::Table(nodes)));
    (uses, links)
}

/// A use that was read.
struct Reading<'a, 'b, 'i> {
    name: String,
    macro_: &'b Macro<'a, 'i>,
    values: HashMap<String, Spanned<DeValue<'i>>>,
    place: Range<usize>,
}

struct Expander<'a, 'b, 'i> {
    macros: &'b Macros<'a, 'i>,
    broken: bool,
    nodes: DeTable<'i>,
    links: Vec<InnerLinks<'i>>,
    uses: Uses,
    /// All names so far, and where they stand.
    names: HashMap<String, Range<usize>>,
    /// Nodes made so far, and bytes that may still be made.
    made: usize,
    left: usize,
    said: &'b mut Said,
    mistakes: &'b mut Mistakes,
}

impl<'a, 'b, 'i> Expander<'a, 'b, 'i> {
    /// Expands uses within the group of that name; as deep as macros use each other. Returns whether all are whole.
    fn uses(&mut self, group: &str, list: &DeArray<'i>, depth: usize) -> bool {
        let mut whole = true;
        for item in list.iter() {
            if self.uses.overflow {
                return false;
            }
            let from = self.mistakes.list.len();
            let read = match item.get_ref() {
                DeValue::Table(table) => self.read(group, table, item.span(), depth),
                _ => {
                    self.error(Code::Value, item.span(), "a use is a table".to_owned(), FORM);
                    None
                }
            };
            if !group.is_empty() {
                self.uses.attribute(group, self.said, &mut self.mistakes.list, from);
            }
            whole &= read.is_some_and(|read| self.fill(read, depth));
        }
        whole
    }

    fn error(&mut self, code: Code, place: Range<usize>, message: String, help: &str) -> bool {
        let diagnostic = Diagnostic::new(code, place, message);
        self.mistakes.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
        false
    }

    /// What a use is of, and with which values. One that cannot be made is known by its name all the same: what is linked
    /// to it is no mistake of its own.
    fn read(
        &mut self,
        group: &str,
        table: &DeTable<'i>,
        place: Range<usize>,
        depth: usize,
    ) -> Option<Reading<'a, 'b, 'i>> {
        let name = self.name(group, table, &place)?;
        let place = table.get("name").map_or(place, Spanned::span);
        let which = self.which(table, &place);
        let of = which.as_ref().map(|(of, _)| of.clone()).unwrap_or_default();
        let values = which.and_then(|(of, macro_)| Some((macro_, self.values(&of, macro_, table, &place)?)));
        let (faulty, ports) = (true, [Vec::new(), Vec::new()]);
        let user = Use { of: of.clone(), place: place.clone(), ports, faulty, parameters: HashMap::new() };
        self.uses.order.push(name.clone());
        self.uses.by_name.insert(name.clone(), user);
        if depth == DEEPEST {
            let message = format!("macros use macros that use macros more than {DEEPEST} deep here");
            self.error(Code::Graph, place.clone(), message, "");
            return None;
        }
        let (macro_, values) = values?;
        Some(Reading { name, macro_, values, place })
    }

    /// The whole name of a use, if it is a good one.
    fn name(&mut self, group: &str, table: &DeTable<'i>, place: &Range<usize>) -> Option<String> {
        let Some(value) = table.get("name") else {
            if !self.broken {
                let help = "its nodes are called by it: `host/trim`";
                self.error(Code::Missing, place.clone(), "a use needs a `name`".to_owned(), help);
            }
            return None;
        };
        let Some(name) = value.get_ref().as_str() else {
            self.error(Code::Value, value.span(), "a use's `name` is text in quotes".to_owned(), "");
            return None;
        };
        let whole = if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") };
        let wrong = match NodeName::new(name) {
            Ok(_) if name.contains('/') => Some("a use's name has no `/`; its nodes have one behind it".to_owned()),
            Ok(_) => NodeName::new(&whole).err().map(|error| error.message),
            Err(error) => Some(error.message.replace("a node", "a use")),
        };
        if let Some(message) = wrong {
            self.error(Code::Name, value.span(), message, "");
            return None;
        }
        self.claim(&whole, value.span()).then_some(whole)
    }

    /// Takes a name; reports it if there is one already.
    fn claim(&mut self, name: &str, place: Range<usize>) -> bool {
        if let Some(first) = self.names.get(name) {
            let twice = Diagnostic::new(Code::Name, place, format!("there are two `{name}`"));
            let twice = twice.help("give one of them another name").related(first.clone(), "the first one");
            self.mistakes.push(twice);
            return false;
        }
        self.names.insert(name.to_owned(), place);
        true
    }

    fn which(&mut self, table: &DeTable<'i>, place: &Range<usize>) -> Option<(String, &'b Macro<'a, 'i>)> {
        let macros = self.macros;
        let Some(value) = table.get("macro") else {
            if !self.broken {
                let help = "as in macro = \"lane\", for [macros.lane]";
                self.error(Code::Missing, place.clone(), "a use needs a `macro`".to_owned(), help);
            }
            return None;
        };
        let Some(of) = value.get_ref().as_str() else {
            self.error(Code::Value, value.span(), "a use's `macro` is text in quotes".to_owned(), "");
            return None;
        };
        let found = macros.get_key_value(of);
        if found.is_none() && !self.broken {
            let close = self.mistakes.closest(of, macros.keys().map(String::as_str));
            let help = match close {
                Some(close) => format!("did you mean \"{close}\"?"),
                None if macros.is_empty() => format!("a macro needs a table: [macros.{}]", short(of)),
                None => format!("there are {}", listed(macros.keys().map(String::as_str))),
            };
            self.error(Code::Link, value.span(), format!("there is no macro \"{}\"", short(of)), &help);
        }
        found.map(|(name, of)| (name.clone(), of))
    }

    /// The values of the macro's parameters.
    fn values(
        &mut self,
        of: &str,
        macro_: &Macro<'a, 'i>,
        table: &DeTable<'i>,
        place: &Range<usize>,
    ) -> Option<HashMap<String, Spanned<DeValue<'i>>>> {
        let mut good = true;
        let mut values: HashMap<String, Spanned<DeValue<'i>>> = HashMap::new();
        for (key, value) in crate::document::entries(table) {
            let name = key.get_ref().as_ref();
            if macro_.params.contains_key(name) {
                values.insert(name.to_owned(), value.clone());
            } else if !OF_USES.contains(&name) {
                good = false;
                let message = format!("macro `{of}` has no parameter `{}`", short(name));
                let names = || macro_.params.keys().map(String::as_str);
                let help = match self.mistakes.closest(name, names()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("it has {}", listed(names())),
                };
                let unknown = Diagnostic::new(Code::UnknownKey, key.span(), message).help(help);
                self.mistakes.push(unknown.related(macro_.place(), "the macro"));
            }
        }
        for (name, default) in &macro_.params {
            match default {
                _ if values.contains_key(name) => {}
                Some(default) => _ = values.insert(name.clone(), (*default).clone()),
                None if self.broken => good = false,
                None => {
                    good = false;
                    let missing = Diagnostic::new(Code::Missing, place.clone(), format!("macro `{of}` needs `{name}`"));
                    self.mistakes.push(missing.related(macro_.place(), "the macro"));
                }
            }
        }
        good.then_some(values)
    }

    /// Makes the nodes, uses, ports and links of a use. Returns whether it is whole.
    fn fill(&mut self, read: Reading<'a, 'b, 'i>, depth: usize) -> bool {
        let Reading { name, macro_, mut values, place } = read;
        let own = name.rsplit('/').next().unwrap_or(&name).to_owned();
        values.insert(NAME.to_owned(), Spanned::new(place.clone(), DeValue::String(Cow::Owned(own))));
        let taken: usize = values.values().map(|value| value.span().len()).sum();
        let left = self.left.saturating_sub(taken);
        let mut filling = Substitution { values: &values, places: HashMap::new(), left, mistakes: Vec::new() };
        let mut nodes = Vec::new();
        for (key, value) in macro_.nodes.into_iter().flatten() {
            nodes.push((key.span(), format!("{name}/{}", key.get_ref()), filling.value(value)));
        }
        let links = macro_.links.map(|links| filling.value(links));
        let inner: Option<DeArray<'i>> = macro_.uses.map(|uses| uses.iter().map(|item| filling.value(item)).collect());
        let Substitution { mut places, left, mistakes, .. } = filling;
        // A default is the macro's own text.
        let defaults = macro_.params.values().flatten().map(|default| default.span());
        defaults.for_each(|span| _ = places.remove(&(span.start, span.end)));
        self.left = left;
        self.made += nodes.len();
        let mut faulty = macro_.faulty || !mistakes.is_empty();
        if let Some(user) = self.uses.by_name.get_mut(&name) {
            user.parameters = places;
        }
        if self.left == 0 || self.made > MOST_NODES || self.uses.order.len() > MOST_USES {
            self.uses.overflow = true;
            let message = format!("macros make more of this patch than {MOST_NODES} nodes, or more text than 16 MiB");
            return self.error(Code::Graph, place, message, "a patch that plays has fewer");
        }
        let from = self.mistakes.list.len();
        self.mistakes.list.extend(mistakes);
        for (span, node, value) in nodes {
            if self.claim(&node, span.clone()) {
                self.nodes.insert(Spanned::new(span, Cow::Owned(node)), value);
            }
        }
        self.uses.attribute(&name, self.said, &mut self.mistakes.list, from);
        if let Some(inner) = inner {
            faulty |= !self.uses(&name, &inner, depth + 1);
        }
        let from = self.mistakes.list.len();
        let ports = [0, 1].map(|side| self.ports(&name, side, &macro_.ports[side]));
        self.uses.attribute(&name, self.said, &mut self.mistakes.list, from);
        if let Some(user) = self.uses.by_name.get_mut(&name) {
            (user.ports, user.faulty) = (ports, faulty);
        }
        self.links.extend(links.map(|links| InnerLinks { group: name, links }));
        !faulty
    }

    /// The ports of a use: what they lead to, through those of the uses within it.
    fn ports(&mut self, group: &str, side: usize, ports: &[(String, Vec<Inner>)]) -> Vec<Port> {
        let port = |(name, ends): &(String, Vec<Inner>)| {
            let targets = ends.iter().flat_map(|inner| self.targets(group, side, inner)).collect();
            Port { name: name.clone(), targets }
        };
        ports.iter().map(port).collect()
    }

    fn targets(&mut self, group: &str, side: usize, inner: &Inner) -> Vec<Target> {
        let place = inner.place.clone();
        let Ok(node) = NodeName::new(&format!("{group}/{}", inner.end.node)) else { return Vec::new() };
        let Some(user) = self.uses.by_name.get(node.as_str()) else {
            let end = Endpoint { node, ..inner.end.clone() };
            return vec![Target { end, place, good: true }];
        };
        let Some(port) = user.port(side, inner.end.port.as_deref()) else {
            let message = format!("`{node}` has no such {}", ["input", "output"][side]);
            if !user.faulty {
                self.error(Code::Link, place, message, "");
            }
            return Vec::new();
        };
        let through = |target: &Target| {
            let channels = composed(target.end.channels.as_ref(), inner.end.channels.as_ref())?;
            Some(Target { end: Endpoint { channels, ..target.end.clone() }, place: place.clone(), good: true })
        };
        let targets: Vec<_> = port.targets.iter().filter_map(through).collect();
        if targets.len() < port.targets.len() {
            self.error(Code::Link, inner.place.clone(), format!("`{node}` has no such channels there"), "");
        }
        targets
    }
}
