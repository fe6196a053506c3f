//! The `[macros.NAME]` tables: what a macro has, looked at once, whether or not it is used.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use patchline_graph::{Endpoint, NodeName};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::substitute::{NAME, Piece, name_length, pieces};
use crate::diagnostic::{Code, Diagnostic};
use crate::document::entries;
use crate::mistakes::Mistakes;
use crate::nodes::short;
use crate::parts::sub_table;
use crate::table::listed;

/// The keys of a macro.
const KEYS: [&str; 7] = ["inputs", "outputs", "required", "params", "nodes", "links", "use"];
/// Keys of a use that are no parameters.
pub(super) const OF_USES: [&str; 2] = ["macro", "name"];
const FORM: &str = "macros are tables: [macros.NAME], with the nodes below it as [macros.NAME.nodes.NODE]";

/// A macro as it is written.
pub(super) struct Macro<'a, 'i> {
    /// Its parameters with their defaults, if they have one.
    pub(super) params: BTreeMap<String, Option<&'a Spanned<DeValue<'i>>>>,
    /// Its ports: inputs, outputs.
    pub(super) ports: [Vec<(String, Vec<Inner>)>; 2],
    pub(super) nodes: Option<&'a DeTable<'i>>,
    pub(super) links: Option<&'a Spanned<DeValue<'i>>>,
    pub(super) uses: Option<&'a DeArray<'i>>,
    /// Whether a mistake in it was reported.
    pub(super) faulty: bool,
    place: Range<usize>,
}

/// What a macro's port leads to within it.
#[derive(Clone)]
pub(super) struct Inner {
    pub(super) end: Endpoint,
    pub(super) place: Range<usize>,
}

/// The macros of a patch.
pub(super) type Macros<'a, 'i> = BTreeMap<String, Macro<'a, 'i>>;

/// Reads every macro.
pub(super) fn read_macros<'a, 'i>(table: &'a DeTable<'i>, mistakes: &mut Mistakes) -> Macros<'a, 'i> {
    let mut macros = Macros::new();
    let Some((table, _)) = sub_table(table, "macros", FORM, mistakes) else { return macros };
    for (key, value) in entries(table) {
        let name = key.get_ref().to_string();
        if let Err(error) = NodeName::new(&name).map_err(|error| error.message) {
            mistakes.push(Diagnostic::new(Code::Name, key.span(), error.replace("a node", "a macro")));
        }
        match value.get_ref() {
            DeValue::Table(table) => {
                let mut reader = Reader { name: &name, place: key.span(), mistakes, faulty: false };
                let read = reader.read(table);
                macros.insert(name, read);
            }
            _ => {
                let message = format!("`{}` in [macros] is not a macro", short(&name));
                mistakes.push(Diagnostic::new(Code::Value, value.span(), message).help(FORM));
            }
        }
    }
    cycles(&mut macros, mistakes);
    macros
}

/// Reads one macro.
struct Reader<'a> {
    name: &'a str,
    place: Range<usize>,
    mistakes: &'a mut Mistakes,
    faulty: bool,
}

impl Reader<'_> {
    fn report(&mut self, code: Code, place: Range<usize>, message: String, help: &str) {
        self.faulty = true;
        let diagnostic = Diagnostic::new(code, place, message);
        self.mistakes.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    fn read<'a, 'i>(&mut self, table: &'a DeTable<'i>) -> Macro<'a, 'i> {
        self.keys(table);
        let params = self.params(table);
        let nodes = self.inner_table(table, "nodes");
        let uses = table.get("use").and_then(|value| match value.get_ref() {
            DeValue::Array(list) => Some(list),
            _ => {
                let help = format!("uses within a macro are written [[macros.{}.use]]", self.name);
                self.report(Code::Value, value.span(), "`use` is not a list of tables".to_owned(), &help);
                None
            }
        });
        let links = table.get("links");
        for (key, value) in table {
            // Defaults are values of the macro itself: they know no others.
            if key.get_ref() != "params" && key.get_ref() != "required" {
                self.parameters_in(value, &params);
            }
        }
        let ports = ["inputs", "outputs"].map(|side| self.ports(table, side, nodes, uses));
        let place = self.place.clone();
        Macro { params, ports, nodes, links, uses, faulty: self.faulty, place }
    }

    fn keys(&mut self, table: &DeTable<'_>) {
        for (key, _) in entries(table).into_iter().filter(|(key, _)| !KEYS.contains(&key.get_ref().as_ref())) {
            let message = format!("macro `{}` has no `{}`", self.name, short(key.get_ref()));
            let help = match self.mistakes.closest(key.get_ref(), KEYS) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("it has {}", listed(KEYS.into_iter())),
            };
            self.report(Code::UnknownKey, key.span(), message, &help);
        }
    }

    fn inner_table<'a, 'i>(&mut self, table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
        let value = table.get(key)?;
        if let DeValue::Table(inner) = value.get_ref() {
            return Some(inner);
        }
        self.report(Code::Value, value.span(), format!("`{key}` of a macro is a table"), "");
        None
    }

    fn params<'a, 'i>(&mut self, table: &'a DeTable<'i>) -> BTreeMap<String, Option<&'a Spanned<DeValue<'i>>>> {
        let mut params = BTreeMap::new();
        let required = table.get("required").map(|value| (value.span(), value.get_ref().as_array()));
        if let Some((span, None)) = &required {
            self.report(Code::Value, span.clone(), "`required` is a list of names".to_owned(), "");
        }
        for item in required.and_then(|(_, list)| list).into_iter().flatten() {
            match item.get_ref().as_str() {
                Some(name) => self.param(name, item.span(), None, &mut params),
                None => self.report(Code::Value, item.span(), "`required` is a list of names".to_owned(), ""),
            }
        }
        for (key, value) in self.inner_table(table, "params").map(entries).unwrap_or_default() {
            self.param(key.get_ref(), key.span(), Some(value), &mut params);
        }
        params
    }

    fn param<'a, 'i>(
        &mut self,
        name: &str,
        place: Range<usize>,
        default: Option<&'a Spanned<DeValue<'i>>>,
        params: &mut BTreeMap<String, Option<&'a Spanned<DeValue<'i>>>>,
    ) {
        let good = !name.is_empty() && name_length(name) == name.len() && name.len() <= 64;
        if !good || OF_USES.contains(&name) {
            let message = match OF_USES.contains(&name) {
                true => format!("`{name}` is a key that every use has; `$name` stands for the use's name"),
                false => "a parameter's name is a letter or `_`, then letters, digits and `_`".to_owned(),
            };
            self.report(Code::Name, place, message, "");
        } else if params.contains_key(name) {
            let message = format!("`{name}` is required and has a default: one of both is too much");
            self.report(Code::Name, place, message, "");
        } else {
            params.insert(name.to_owned(), default);
        }
    }

    /// Looks for parameters that are not declared.
    fn parameters_in(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        params: &BTreeMap<String, Option<&Spanned<DeValue<'_>>>>,
    ) {
        match value.get_ref() {
            DeValue::String(text) if text.contains('$') => {
                for piece in pieces(text) {
                    let Piece::Parameter(name) = piece else { continue };
                    if name != NAME && !params.contains_key(name) {
                        let message = format!("macro `{}` has no parameter `{}`", self.name, short(name));
                        let close = self.mistakes.closest(name, params.keys().map(String::as_str));
                        let help = match close {
                            Some(close) => format!("did you mean `${close}`?"),
                            None => "parameters stand in `required`, or with their defaults in `params`; a `$` of its \
                                     own is written `$$`"
                                .to_owned(),
                        };
                        self.report(Code::Value, value.span(), message, &help);
                    }
                }
            }
            DeValue::Array(list) => list.iter().for_each(|item| self.parameters_in(item, params)),
            DeValue::Table(table) => table.iter().for_each(|(_, value)| self.parameters_in(value, params)),
            _ => {}
        }
    }

    fn ports(
        &mut self,
        table: &DeTable<'_>,
        side: &str,
        nodes: Option<&DeTable<'_>>,
        uses: Option<&DeArray<'_>>,
    ) -> Vec<(String, Vec<Inner>)> {
        let mut ports = Vec::new();
        for (key, value) in self.inner_table(table, side).map(entries).unwrap_or_default() {
            let name = key.get_ref().to_string();
            if name.contains('/') || NodeName::new(&name).is_err() {
                let message = "a port's name has letters, digits, `_` and `-`, and begins with a letter".to_owned();
                self.report(Code::Name, key.span(), message, "");
            }
            let ends: Vec<_> = match value.get_ref() {
                DeValue::Array(list) => list.iter().collect(),
                _ => vec![value],
            };
            if ends.is_empty() {
                let message = format!("`{name}` leads to nothing: name a node of the macro");
                self.report(Code::Value, value.span(), message, "");
            }
            let ends = ends.into_iter().filter_map(|end| self.inner_end(side, end, nodes, uses)).collect();
            ports.push((name, ends));
        }
        ports
    }

    fn inner_end(
        &mut self,
        side: &str,
        value: &Spanned<DeValue<'_>>,
        nodes: Option<&DeTable<'_>>,
        uses: Option<&DeArray<'_>>,
    ) -> Option<Inner> {
        let form = format!("as in {side} = {{ main = \"trim\" }}");
        let Some(text) = value.get_ref().as_str() else {
            let message = format!("`{side}` lead to nodes of the macro, by their names");
            self.report(Code::Value, value.span(), message, &form);
            return None;
        };
        let end: Endpoint = match text.trim().parse() {
            Ok(end) => end,
            Err(error) => {
                let error: patchline_graph::EndpointError = error;
                self.report(Code::Link, value.span(), error.message, &form);
                return None;
            }
        };
        let name = end.node.as_str();
        let of_use = |name: &str| {
            let named = |item: &Spanned<DeValue<'_>>| {
                item.get_ref().get("name").and_then(|n| n.get_ref().as_str().map(str::to_owned))
            };
            uses.into_iter().flatten().any(|item| named(item).is_none_or(|other| other.contains('$') || other == name))
        };
        let first = name.split('/').next().unwrap_or(name);
        if nodes.is_some_and(|nodes| nodes.contains_key(name)) || of_use(first) {
            return Some(Inner { end, place: value.span() });
        }
        let names = nodes.into_iter().flat_map(|nodes| nodes.keys().map(|key| key.get_ref().as_ref()));
        let close = self.mistakes.closest(name, names);
        let help = match close {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("a node of it needs a table: [macros.{}.nodes.{name}]", self.name),
        };
        self.report(Code::Link, value.span(), format!("macro `{}` has no node `{name}`", self.name), &help);
        None
    }
}

/// Reports macros that use themselves, by way of others or not, with the whole loop.
fn cycles(macros: &mut Macros<'_, '_>, mistakes: &mut Mistakes) {
    let used = |list: &DeArray<'_>| -> Vec<(String, Range<usize>)> {
        let entry = |item: &Spanned<DeValue<'_>>| {
            let of = item.get_ref().get("macro")?;
            Some((of.get_ref().as_str()?.to_owned(), of.span()))
        };
        list.iter().filter_map(entry).collect()
    };
    let uses: HashMap<String, Vec<(String, Range<usize>)>> =
        macros.iter().map(|(name, m)| (name.clone(), m.uses.map(used).unwrap_or_default())).collect();
    // 0 is not seen, 1 on the way, 2 done.
    let mut state: HashMap<&str, u8> = HashMap::new();
    let mut looping = Vec::new();
    for start in uses.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>() {
        let mut path: Vec<(&str, usize)> = Vec::new();
        if !state.contains_key(start) {
            state.insert(start, 1);
            path.push((start, 0));
        }
        while let Some((name, next)) = path.last_mut() {
            let Some((inner, place)) = uses[*name].get(*next) else {
                state.insert(name, 2);
                path.pop();
                continue;
            };
            *next += 1;
            let Some((inner, _)) = uses.get_key_value(inner) else { continue };
            match state.get(inner.as_str()) {
                None => {
                    state.insert(inner, 1);
                    path.push((inner, 0));
                }
                Some(1) => {
                    let at = path.iter().position(|(name, _)| name == inner).unwrap_or(0);
                    let names: Vec<&str> = path[at..].iter().map(|(name, _)| *name).chain([inner.as_str()]).collect();
                    let message = format!("macros use each other: {}", names.join(" -> "));
                    mistakes.push(Diagnostic::new(Code::Graph, place.clone(), message));
                    looping.extend(names.iter().map(|name| (*name).to_owned()));
                }
                Some(_) => {}
            }
        }
    }
    for name in looping {
        if let Some(of) = macros.get_mut(&name) {
            of.faulty = true;
            of.uses = None;
        }
    }
}

impl Macro<'_, '_> {
    /// Where its name stands.
    pub(super) fn place(&self) -> Range<usize> {
        self.place.clone()
    }
}
