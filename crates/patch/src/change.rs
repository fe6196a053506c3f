//! Parameters changed by name while a graph plays, as control surfaces do: checked as if they stood in a patch.

use std::collections::BTreeMap;

use patchline_graph::{AnyNode, Edit, Graph, NodeName};
use patchline_nodes::Surroundings;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table};

use crate::diagnostic::Code;
use crate::keys::{BYPASS, Keys};
use crate::mistakes::Mistakes;
use crate::nodes::short;
use crate::parameter::may_be_left_out;
use crate::path::Path;
use crate::registry::{NodeType, Registry};
use crate::table::TableCheck;

/// Why a parameter cannot be changed, in words.
///
/// ```
/// use patchline_nodes::Surroundings;
/// use patchline_patch::{Changes, Code, Registry};
///
/// let (registry, graph) = (Registry::standard(), patchline_graph::Graph::new());
/// let mut changes = Changes::new(&registry, &graph, 48_000, Surroundings::new("", ".".as_ref()));
/// let error = changes.set("trim", "gain", &0.5.into()).unwrap_err();
/// assert_eq!((error.code, error.node.as_str()), (Code::Link, "trim"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())]
pub struct ParameterError {
    /// What sort of mistake it is: [`Code::Link`] where there is no such node, [`Code::UnknownKey`] where it has no such
    /// parameter.
    pub code: Code,
    /// The node, as it was asked for.
    pub node: String,
    /// What is wrong: one line.
    pub message: String,
    /// What would be right, where the message does not say so.
    pub help: Option<String>,
}

/// Changes of the parameters of a graph that plays, by name; any number of them, together.
///
/// Each value is checked when it is [set](Self::set), as the reader of a patch would; what the parameters of a node have to
/// do with each other, when all are known, by [`edits`](Self::edits).
///
/// ```
/// use patchline_nodes::{Gain, Surroundings};
/// use patchline_patch::{Changes, Registry};
///
/// let mut graph = patchline_graph::Graph::new();
/// graph.add("trim", Gain::default())?;
/// let registry = Registry::standard();
/// let mut changes = Changes::new(&registry, &graph, 48_000, Surroundings::new("", ".".as_ref()));
/// changes.set("trim", "gain", &"-20 dB".into())?;
/// let wrong = changes.set("trim", "gian", &0.5.into()).unwrap_err();
/// assert!(wrong.to_string().contains("did you mean `gain`?"));
/// assert_eq!(changes.edits()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Changes<'a> {
    registry: &'a Registry,
    graph: &'a Graph,
    rate: f64,
    surroundings: Surroundings,
    tables: BTreeMap<NodeName, Table>,
    turns: BTreeMap<NodeName, bool>,
}

impl<'a> Changes<'a> {
    /// No changes yet of `graph`, as it plays at `rate` Hz: [`Engine::graph`](patchline_graph::Engine::graph).
    ///
    /// The surroundings are the patch's; their name does not matter. Where they allow no
    /// [files](Surroundings::files), no parameter can be changed that names one.
    #[must_use]
    pub fn new(registry: &'a Registry, graph: &'a Graph, rate: u32, surroundings: Surroundings) -> Self {
        Self { registry, graph, rate: rate.into(), surroundings, tables: BTreeMap::new(), turns: BTreeMap::new() }
    }

    /// Whether nothing was changed yet.
    ///
    /// ```
    /// use patchline_nodes::{Gain, Surroundings};
    /// use patchline_patch::{Changes, Registry};
    ///
    /// let mut graph = patchline_graph::Graph::new();
    /// graph.add("trim", Gain::default())?;
    /// let registry = Registry::standard();
    /// let mut changes = Changes::new(&registry, &graph, 48_000, Surroundings::new("", ".".as_ref()));
    /// assert!(changes.is_empty());
    /// changes.set("trim", "mute", &true.into())?;
    /// assert!(!changes.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.turns.is_empty()
    }

    /// Gives a parameter another value: `gain`, or `gains[1].gain` for one of a list. A value is what a patch could say,
    /// a number, a text with a unit, true or false, a list or a table; `null` takes an optional one away. `bypass` leaves
    /// the node out, or takes it back.
    ///
    /// # Errors
    /// What is wrong with the names or the value by itself, and what would be right. Then nothing has changed.
    pub fn set(&mut self, node: &str, parameter: &str, value: &serde_json::Value) -> Result<(), ParameterError> {
        let (name, playing, kind) = self.find(node)?;
        let wrong = |code, message, help| ParameterError { code, node: node.to_owned(), message, help };
        if parameter == BYPASS {
            return self.turn(node, name, playing, value);
        }
        let path = Path::read(parameter).map_err(|message| wrong(Code::UnknownKey, message, None))?;
        let written = || (kind.write)(playing).ok_or_else(|| wrong(Code::Value, unwritable(node), None));
        let mut table = self.tables.get(&name).map_or_else(written, |table| Ok(table.clone()))?;
        // A parameter that is not there is said to be unknown, whatever it was to be.
        if kind.declaration.param(path.key).is_some() {
            let too_large = |_| wrong(Code::Value, format!("{value} is no value of a parameter"), None);
            let value = (!value.is_null()).then(|| toml::Value::try_from(value).map_err(too_large)).transpose()?;
            path.put(&mut table, value).map_err(|message| wrong(Code::Value, message, None))?;
        } else {
            table.insert(path.key.to_owned(), false.into());
        }
        self.check(node, kind, path.key, &table)?;
        self.tables.insert(name, table);
        Ok(())
    }

    /// The nodes with their new parameters, for [`Engine::change`](patchline_graph::Engine::change).
    ///
    /// # Errors
    /// The first mistake in what the parameters of a node say together, or name.
    pub fn edits(&self) -> Result<Vec<Edit>, ParameterError> {
        let edit = |(name, table): (&NodeName, &Table)| {
            Ok(Edit::Node { name: name.clone(), node: self.form(name.as_str(), table)? })
        };
        let turn = |(name, on): (&NodeName, &bool)| Ok(Edit::Bypass { name: name.clone(), on: *on });
        self.tables.iter().map(edit).chain(self.turns.iter().map(turn)).collect()
    }

    fn turn(
        &mut self,
        node: &str,
        name: NodeName,
        playing: &AnyNode,
        value: &serde_json::Value,
    ) -> Result<(), ParameterError> {
        if !may_be_left_out(playing) {
            return Err(value_error(node, format!("nothing goes through `{node}`: it cannot be left out")));
        }
        let no_bool = || value_error(node, format!("`{BYPASS}` is true or false"));
        self.turns.insert(name, value.as_bool().ok_or_else(no_bool)?);
        Ok(())
    }

    /// A node of the graph, and its type.
    fn find(&self, node: &str) -> Result<(NodeName, &'a AnyNode, &'a NodeType), ParameterError> {
        let wrong = |code, message, help| ParameterError { code, node: short(node), message, help };
        let Some((name, playing)) = self.graph.nodes().find(|(name, _)| name.as_str() == node) else {
            let close = Mistakes::default().closest(node, self.graph.nodes().map(|(name, _)| name.as_str()));
            let help = close.map(|close| format!("did you mean `{close}`?"));
            return Err(wrong(Code::Link, format!("there is no node `{}`", short(node)), help));
        };
        let unknown = || wrong(Code::UnknownType, format!("`{node}` is of a type that no patch names"), None);
        Ok((name.clone(), playing, self.registry.get(playing.kind()).ok_or_else(unknown)?))
    }

    /// Checks one parameter by itself, as the reader does.
    fn check(&self, node: &str, kind: &NodeType, key: &str, table: &Table) -> Result<(), ParameterError> {
        let Some(value) = table.get(key) else { return self.may_be_absent(node, kind, key) };
        let alone: Table = [(key.to_owned(), value.clone())].into_iter().collect();
        let text = alone.to_string();
        let mut alone = parsed(&text).map_err(|message| value_error(node, message))?;
        let what = format!("`{node}` (type \"{}\")", kind.declaration.kind);
        let params = &kind.declaration.params;
        // Whatever is required was there before.
        let check = TableCheck { params, beside: &[BYPASS], what: &what, place: 0..0, rate: self.rate, broken: true };
        let keys = Keys { registry: self.registry, not_yet: &[], in_node: true };
        let mut mistakes = Mistakes::default();
        check.run(&mut alone, &mut mistakes, &mut |key, diagnostic| keys.explain(key, diagnostic));
        match mistakes.list.into_iter().next() {
            None => Ok(()),
            Some(first) => Err(ParameterError {
                code: first.code,
                node: node.to_owned(),
                message: first.message,
                help: first.help,
            }),
        }
    }

    fn may_be_absent(&self, node: &str, kind: &NodeType, key: &str) -> Result<(), ParameterError> {
        let param = kind.declaration.param(key).filter(|param| param.required);
        param.map_or(Ok(()), |param| {
            let mut error = value_error(node, format!("`{node}` needs `{key}`"));
            error.help = Some(format!("`{key}` takes {}", param.shape));
            Err(error)
        })
    }

    /// The node of all its parameters.
    fn form(&self, node: &str, table: &Table) -> Result<AnyNode, ParameterError> {
        let (_, playing, kind) = self.find(node)?;
        let text = table.to_string();
        let table = parsed(&text).map_err(|message| value_error(node, message))?;
        let surroundings = Surroundings { name: node.to_owned(), ..self.surroundings.clone() };
        let value = Spanned::new(0..text.len(), DeValue::Table(table));
        let formed = (kind.reform)(value, playing, &surroundings)
            .map_err(|error| value_error(node, error.message().to_owned()))?;
        match formed.problems.into_iter().next() {
            None => Ok(formed.node),
            Some(problem) => {
                let named = |parameter| format!("`{node}`, `{parameter}`: ");
                let place = problem.parameter.as_deref().map_or_else(|| format!("`{node}`: "), named);
                Err(value_error(node, place + &problem.message))
            }
        }
    }
}

fn value_error(node: &str, message: String) -> ParameterError {
    ParameterError { code: Code::Value, node: node.to_owned(), message, help: None }
}

fn unwritable(node: &str) -> String {
    format!("`{node}` has parameters that no patch can say")
}

fn parsed(text: &str) -> Result<DeTable<'_>, String> {
    DeTable::parse(text).map(Spanned::into_inner).map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests;
