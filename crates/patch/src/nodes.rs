//! The `[nodes.NAME]` tables: each becomes a node of its type.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

use patchline_graph::{AnyNode, NodeError, NodeName, OnReplace};
use patchline_nodes::Surroundings;
use patchline_nodes::declaration::Shape;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::entries;
use crate::keys::{BYPASS, Keys, NODE_KEYS, NOT_YET_IN_NODES, ON_REPLACE, OPTIONAL};
use crate::macros::{Said, Uses};
use crate::mistakes::Mistakes;
use crate::parts::Context;
use crate::path::Spans;
use crate::registry::{Formed, NodeType};
use crate::table::{TableCheck, listed};

/// A node of the patch, whether or not it could be formed.
pub(crate) struct NodeEntry {
    /// Where its name stands.
    pub(crate) place: Range<usize>,
    /// Where the values of its parameters stand.
    pub(crate) values: Spans,
    /// The node; `None` if its type is unknown or something required is missing.
    pub(crate) node: Option<AnyNode>,
    /// The names of its input and output ports, where its type is known: its example's if it could not be formed.
    pub(crate) ports: Option<[Vec<&'static str>; 2]>,
    /// Whether it may be left out under load.
    pub(crate) optional: bool,
    /// What becomes of its sound when it is replaced.
    pub(crate) on_replace: OnReplace,
    /// Whether it is left out.
    pub(crate) bypass: bool,
    /// Whether a mistake in it was reported.
    pub(crate) faulty: bool,
    /// Bytes that its parameters have in the text.
    pub(crate) length: usize,
}

/// The nodes of a patch, by name and in the order they are written.
#[derive(Default)]
pub(crate) struct NodeEntries {
    pub(crate) order: Vec<String>,
    pub(crate) by_name: HashMap<String, NodeEntry>,
    /// The files of fixed names that nodes write, and which node it is.
    pub(crate) writers: BTreeMap<PathBuf, String>,
    /// What stands before a `/` in names of nodes.
    groups: HashSet<String>,
}

impl NodeEntries {
    /// Whether there are nodes `name/...`.
    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }
}

/// Reads every node.
pub(crate) fn read_nodes(
    table: &DeTable<'_>,
    context: &Context<'_>,
    uses: &Uses,
    said: &mut Said,
    mistakes: &mut Mistakes,
) -> NodeEntries {
    let mut nodes = NodeEntries::default();
    for (key, value) in entries(table) {
        let from = mistakes.list.len();
        let name = key.get_ref().to_string();
        let mut reader = NodeReader { name: &name, place: key.span(), context, mistakes, faulty: false };
        reader.check_name();
        let (entry, writes) = reader.read(value);
        one_writer_each(&name, &entry, writes, &mut nodes.writers, mistakes);
        if let Some(group) = uses.group_of(&name) {
            uses.attribute(group, said, &mut mistakes.list, from);
        }
        nodes.groups.extend(name.match_indices('/').map(|(at, _)| name[..at].to_owned()));
        nodes.order.push(name.clone());
        nodes.by_name.insert(name, entry);
    }
    nodes
}

fn one_writer_each(
    name: &str,
    entry: &NodeEntry,
    writes: Vec<PathBuf>,
    writers: &mut BTreeMap<PathBuf, String>,
    mistakes: &mut Mistakes,
) {
    for file in writes {
        if let Some(first) = writers.get(&file) {
            let message = format!("`{name}` would write the same file as `{first}`");
            let place = entry.values.nearest("path").unwrap_or(&entry.place).clone();
            mistakes.push(Diagnostic::new(Code::File, place, message).help("give each its own file"));
        } else {
            writers.insert(file, name.to_owned());
        }
    }
}

/// Reads one node.
struct NodeReader<'a> {
    name: &'a str,
    place: Range<usize>,
    context: &'a Context<'a>,
    mistakes: &'a mut Mistakes,
    faulty: bool,
}

impl<'a> NodeReader<'a> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.faulty = true;
        self.mistakes.push(diagnostic);
    }

    fn check_name(&mut self) {
        if let Err(error) = NodeName::new(self.name) {
            let place = self.context.source.inside(&self.place, self.name, at(self.name, error.at));
            self.report(Diagnostic::new(Code::Name, place, error.message));
        }
    }

    fn read(mut self, value: &Spanned<DeValue<'_>>) -> (NodeEntry, Vec<PathBuf>) {
        let mut writes = Vec::new();
        let mut entry = NodeEntry {
            place: self.place.clone(),
            values: Spans::default(),
            node: None,
            ports: None,
            optional: false,
            on_replace: OnReplace::default(),
            bypass: false,
            faulty: false,
            length: 0,
        };
        if let DeValue::Table(table) = value.get_ref() {
            entry.length = table.iter().map(|(_, value)| value.span().len()).sum();
            entry.values = Spans::of(table);
            entry.optional = self.flag(table, OPTIONAL);
            entry.bypass = self.flag(table, BYPASS);
            entry.on_replace = self.on_replace(table);
            if let Some(node_type) = self.node_type(table) {
                let formed = self.parameters(node_type, table.clone(), value.span());
                let ports = formed.as_ref().map(|formed| formed.node.ports());
                let example = || [&node_type.declaration.inputs, &node_type.declaration.outputs];
                let both = ports.map_or_else(example, |ports| [&ports.inputs, &ports.outputs]);
                entry.ports = Some(both.map(|ports| ports.iter().map(|port| port.name).collect()));
                if let Some(formed) = formed {
                    (entry.node, writes) = (Some(formed.node), formed.writes);
                }
            }
        } else {
            let message = format!("`{}` in [nodes] is not a node", self.name);
            let help = format!("a node is a table: [nodes.{}] with `type = \"...\"` below it", self.name);
            self.report(Diagnostic::new(Code::Value, value.span(), message).help(help));
        }
        entry.faulty = self.faulty;
        (entry, writes)
    }

    fn flag(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = table.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            let message = format!("`{key}` is true or false");
            self.report(Diagnostic::new(Code::Value, value.span(), message));
            false
        })
    }

    fn on_replace(&mut self, table: &DeTable<'_>) -> OnReplace {
        let Some(value) = table.get(ON_REPLACE) else { return OnReplace::default() };
        match value.get_ref().as_str() {
            Some("tail") => OnReplace::Tail,
            Some("cut") => OnReplace::Cut,
            _ => {
                let message = format!("`{ON_REPLACE}` is \"tail\" or \"cut\"");
                self.report(Diagnostic::new(Code::Value, value.span(), message));
                OnReplace::default()
            }
        }
    }

    fn node_type(&mut self, table: &DeTable<'_>) -> Option<&'a NodeType> {
        let kinds = || self.context.registry.kinds().map(|declaration| declaration.kind);
        let Some(value) = table.get("type") else {
            if !self.context.broken {
                let message = format!("`{}` has no `type`", self.name);
                let help = "`type` chooses what the node is, as in `type = \"gain\"`";
                self.report(Diagnostic::new(Code::Missing, self.place.clone(), message).help(help));
            }
            return None;
        };
        let Some(kind) = value.get_ref().as_str() else {
            let message = "a `type` is text in quotes, as in `type = \"gain\"`";
            self.report(Diagnostic::new(Code::Value, value.span(), message));
            return None;
        };
        let found = self.context.registry.get(kind);
        if found.is_none() {
            let close = self.mistakes.closest(kind, kinds());
            let help = match close {
                Some(close) => format!("did you mean \"{close}\"?"),
                None => format!("there are {}", listed(kinds())),
            };
            let message = format!("there is no node type \"{}\"", short(kind));
            self.report(Diagnostic::new(Code::UnknownType, value.span(), message).help(help));
        }
        found
    }

    /// Checks the parameters and forms the node without those at fault, if it can do without them.
    fn parameters(&mut self, kind: &NodeType, mut table: DeTable<'_>, span: Range<usize>) -> Option<Formed> {
        table.remove("type");
        for (key, _) in NODE_KEYS {
            table.remove(key);
        }
        table.remove(ON_REPLACE);
        let declaration = &kind.declaration;
        let what = format!("`{}` (type \"{}\")", self.name, declaration.kind);
        let Context { rate, broken, .. } = *self.context;
        let check = TableCheck {
            params: &declaration.params,
            beside: &[BYPASS, OPTIONAL, ON_REPLACE],
            what: &what,
            place: self.place.clone(),
            rate,
            broken,
        };
        let keys = Keys { registry: self.context.registry, not_yet: NOT_YET_IN_NODES, in_node: true };
        let faulty = check.run(&mut table, self.mistakes, &mut |key, diagnostic| keys.explain(key, diagnostic));
        self.faulty |= !faulty.is_empty();
        let needed = |key: &String| declaration.param(key).is_some_and(|param| param.required);
        let lacking = faulty.iter().any(needed);
        self.form(kind, table, span, lacking)
    }

    /// Forms the node; a value that its type refuses is reported, left out, and the rest tried again.
    fn form(
        &mut self,
        kind: &NodeType,
        mut table: DeTable<'_>,
        span: Range<usize>,
        mut lacking: bool,
    ) -> Option<Formed> {
        let surroundings = Surroundings { name: self.name.to_owned(), ..self.context.surroundings.clone() };
        loop {
            let value = Spanned::new(span.clone(), DeValue::Table(table.clone()));
            let error = match (kind.form)(value, &surroundings) {
                Ok(formed) => {
                    self.problems(&formed.problems, &table);
                    return Some(formed);
                }
                Err(error) => error,
            };
            let at = error.span().unwrap_or_else(|| span.clone());
            let Some(key) = holder(&table, &at) else {
                // What is missing was reported where the table was checked.
                if !lacking {
                    self.report(Diagnostic::new(Code::Value, self.place.clone(), error.message()));
                }
                return None;
            };
            let diagnostic = Diagnostic::new(Code::Value, at, error.message());
            let param = kind.declaration.param(&key);
            // Of a value that only its own type can judge, the message says all there is.
            self.report(match param.filter(|param| !matches!(param.shape, Shape::Text | Shape::Any)) {
                Some(param) => diagnostic.help(format!("`{key}` takes {}", param.shape)),
                None => diagnostic,
            });
            lacking |= param.is_some_and(|param| param.required);
            table.remove(key.as_str());
        }
    }

    /// Reports what is wrong with the parameters in their surroundings, unless it may come from one left out.
    fn problems(&mut self, problems: &[NodeError], table: &DeTable<'_>) {
        let (whole, spans) = (!self.faulty, Spans::of(table));
        for problem in problems {
            let parameter = problem.parameter.as_deref();
            let value = parameter.and_then(|parameter| spans.nearest(parameter));
            if value.is_some() || whole {
                let place = value.unwrap_or(&self.place).clone();
                let code = if parameter == Some("path") { Code::File } else { Code::Value };
                let diagnostic = Diagnostic::new(code, place, problem.message.clone());
                let is_missing = code == Code::File && problem.message.starts_with("cannot open");
                let help = is_missing.then_some("the file has to be there; its path starts from the patch's folder");
                self.report(help.into_iter().fold(diagnostic, Diagnostic::help));
            }
        }
    }
}

/// The key of the entry that a place lies in.
fn holder(table: &DeTable<'_>, at: &Range<usize>) -> Option<String> {
    let covers = |span: Range<usize>| span.start <= at.start && at.end <= span.end;
    let entry = table.iter().find(|(key, value)| covers(key.span()) || covers(value.span()));
    entry.map(|(key, _)| key.get_ref().to_string())
}

/// The character at byte `at` of `text`, or its end.
pub(crate) fn at(text: &str, at: usize) -> Range<usize> {
    let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    at..at + width
}

/// What a message may repeat of a stranger's text.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
