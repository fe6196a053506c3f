//! The `[scenes.NAME]` tables: values that parameters take together.

mod start;

use std::ops::Range;

use patchline_graph::Graph;
use patchline_nodes::Time;
use patchline_nodes::declaration::{Bounds, Shape};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::change::Changes;
use crate::diagnostic::{Code, Diagnostic, is_unprintable};
use crate::document::entries;
use crate::mistakes::Mistakes;
use crate::nodes::{NodeEntries, short};
use crate::parts::{Context, sub_table};
use crate::table::given;
pub(crate) use start::begin;

/// The most scenes of a patch.
const MOST_SCENES: usize = 1000;
/// The most characters of a scene's name.
const LONGEST_NAME: usize = 64;
/// How much work checking a patch's scenes may be: changes, weighed by the length of what they change.
const MOST_WORK: usize = 1 << 17;
/// The key of a scene that is not a node.
const OVER: &str = "over";
const LONGEST: &str = "60 min";

/// Values that parameters take together.
///
/// To recall one is to set all that it changes:
///
/// ```
/// use patchline_patch::{Changes, Options, Registry, read};
///
/// let patch = read(b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\ntrim.type = 'gain'\nout.type = 'output'\n\
///     [scenes.soft]\nover = '2 s'\ntrim.gain = '-20 dB'\n", "talk.toml")?;
/// let registry = Registry::standard();
/// let loaded = patch.load(&registry, &Options::default())?;
/// let scene = &loaded.scenes[0];
/// let mut changes = Changes::new(&registry, &loaded.graph, 48_000, loaded.surroundings.clone());
/// for change in &scene.changes {
///     changes.set(&change.node, &change.parameter, &change.value)?;
/// }
/// // For `Engine::change`, with as many frames.
/// let (edits, frames) = (changes.edits()?, scene.over.map(|over| over.frames(48_000.0)));
/// assert_eq!((edits.len(), frames), (1, Some(96_000)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scene {
    /// What it is called.
    pub name: String,
    /// How long the parameters take to get there; each its own time if absent.
    pub over: Option<Time>,
    /// What it changes, in the order it is written.
    pub changes: Vec<Change>,
}

/// A parameter's new value.
///
/// ```
/// use patchline_patch::{Change, Options, Registry, read};
///
/// let patch = read(b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\ntrim.type = 'gain'\nout.type = 'output'\n\
///     [scenes.soft]\ntrim.gain = '-20 dB'\n", "talk.toml")?;
/// let loaded = patch.load(&Registry::standard(), &Options::default())?;
/// let Change { node, parameter, value } = &loaded.scenes[0].changes[0];
/// assert_eq!((node.as_str(), parameter.as_str(), value.as_str()), ("trim", "gain", Some("-20 dB")));
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The node.
    pub node: String,
    /// Its parameter as [`Changes::set`] calls it; or `bypass`, true or false.
    pub parameter: String,
    /// The value, as [`Changes::set`] takes it.
    pub value: Value,
}

/// What scenes and maps may change, and how that is checked.
pub(crate) struct Targets<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) nodes: &'a NodeEntries,
    /// The nodes that could be formed.
    pub(crate) graph: &'a Graph,
    pub(crate) mistakes: &'a mut Mistakes,
    work: usize,
}

/// A value with the places of its key and of itself.
pub(crate) struct Written<'a, 'i> {
    pub(crate) key: Range<usize>,
    pub(crate) value: &'a Spanned<DeValue<'i>>,
}

impl<'a> Targets<'a> {
    pub(crate) fn new(
        context: &'a Context<'a>,
        nodes: &'a NodeEntries,
        graph: &'a Graph,
        mistakes: &'a mut Mistakes,
    ) -> Self {
        Self { context, nodes, graph, mistakes, work: 0 }
    }

    pub(crate) fn changes(&self) -> Changes<'a> {
        let Context { registry, rate, .. } = *self.context;
        Changes::new(registry, self.graph, rate as u32, self.context.surroundings.clone())
    }

    /// Reports a node that is not there.
    pub(crate) fn unknown(&mut self, name: &str, place: Range<usize>) {
        let names = self.nodes.order.iter().map(String::as_str);
        let close = self.mistakes.closest(name, names);
        let diagnostic = Diagnostic::new(Code::Link, place, format!("there is no node `{}`", short(name)));
        self.mistakes.push(match close {
            Some(close) => diagnostic.help(format!("did you mean `{close}`?")),
            None => diagnostic,
        });
    }

    /// Checks a new value of a node's parameter, and gives it as data if it is right.
    pub(crate) fn change(
        &mut self,
        changes: &mut Changes<'_>,
        node: &str,
        parameter: &str,
        written: &Written<'_, '_>,
    ) -> Option<Value> {
        let place = written.value.span();
        let value = match Value::deserialize(ValueDeserializer::from(written.value.clone())) {
            Ok(value) if !holds_date(written.value.get_ref()) => value,
            _ => {
                self.mistakes.push(Diagnostic::new(Code::Value, place, "a date is no value of a parameter"));
                return None;
            }
        };
        self.work += self.nodes.by_name.get(node).map_or(0, |entry| 1 + entry.length / 64);
        if self.work > MOST_WORK {
            return None;
        }
        let Err(error) = changes.set(node, parameter, &value) else { return Some(value) };
        // What is wrong with a node itself was said where it stands.
        if error.code != Code::Link {
            let place = if error.code == Code::UnknownKey { written.key.clone() } else { place };
            let diagnostic = Diagnostic::new(error.code, place, error.message);
            self.mistakes.push(match error.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
        None
    }

    /// Whether there was more to check than anybody waits for; says so once.
    pub(crate) fn too_much(&mut self, place: Range<usize>) {
        if self.work > MOST_WORK {
            let message = "scenes and maps change more here than can be checked in a reasonable time";
            self.mistakes.push(Diagnostic::new(Code::Value, place, message));
        }
    }
}

/// Reads every scene.
pub(crate) fn read_scenes(table: &DeTable<'_>, targets: &mut Targets<'_>) -> Vec<Scene> {
    let form = "scenes are tables: [scenes.NAME] with `trim.gain = \"-6 dB\"` below it";
    let Some((table, place)) = sub_table(table, "scenes", form, targets.mistakes) else { return Vec::new() };
    if table.len() > MOST_SCENES {
        let message = format!("a patch has at most {MOST_SCENES} scenes; these are {}", table.len());
        targets.mistakes.push(Diagnostic::new(Code::Value, place, message));
        return Vec::new();
    }
    let mut scenes = Vec::new();
    for (key, value) in entries(table) {
        let name = key.get_ref().as_ref();
        let good = !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(is_unprintable);
        if !good {
            let message = format!("a scene's name has 1 to {LONGEST_NAME} characters, none of them control characters");
            targets.mistakes.push(Diagnostic::new(Code::Name, key.span(), message));
        }
        match value.get_ref() {
            DeValue::Table(table) => scenes.push(read_scene(name, table, targets)),
            _ => {
                let message = format!("`{}` in [scenes] is not a scene", short(name));
                targets.mistakes.push(Diagnostic::new(Code::Value, value.span(), message).help(form));
            }
        }
    }
    targets.too_much(place);
    scenes
}

fn read_scene(name: &str, table: &DeTable<'_>, targets: &mut Targets<'_>) -> Scene {
    let mut scene = Scene { name: name.to_owned(), over: None, changes: Vec::new() };
    for (key, value) in entries(table) {
        match (key.get_ref().as_ref(), value.get_ref()) {
            (node, DeValue::Table(table)) => read_node(node, key.span(), table, &mut scene, targets),
            (OVER, _) => scene.over = read_over(value, targets),
            (name, _) => {
                let message = format!("a scene has `{OVER}` and nodes, and `{}` is neither", short(name));
                let help = "it says what of which node: trim.gain = \"-6 dB\"";
                targets.mistakes.push(Diagnostic::new(Code::UnknownKey, key.span(), message).help(help));
            }
        }
    }
    scene
}

fn read_over(value: &Spanned<DeValue<'_>>, targets: &mut Targets<'_>) -> Option<Time> {
    let shape = Shape::Time(Bounds { min: None, max: Some(LONGEST.to_owned()) });
    match shape.check(given(value.get_ref()), targets.context.rate) {
        Ok(()) => Time::deserialize(ValueDeserializer::from(value.clone())).ok(),
        Err(error) => {
            let help = format!("`{OVER}` takes {shape}");
            targets.mistakes.push(Diagnostic::new(Code::Value, value.span(), error.message).help(help));
            None
        }
    }
}

/// Reads what a scene changes of a node; or of the nodes of a group, in tables of their own. As deep as tables go.
fn read_node(name: &str, place: Range<usize>, table: &DeTable<'_>, scene: &mut Scene, targets: &mut Targets<'_>) {
    if !targets.nodes.by_name.contains_key(name) {
        if !targets.nodes.has_group(name) {
            return targets.unknown(name, place);
        }
        for (key, value) in entries(table) {
            let inner = format!("{name}/{}", key.get_ref());
            match value.get_ref() {
                DeValue::Table(table) => read_node(&inner, key.span(), table, scene, targets),
                _ => {
                    let message = format!("`{}` is a group of nodes; its nodes have parameters", short(name));
                    let help = format!("as in {}.NODE.PARAMETER = VALUE", short(name).replace('/', "."));
                    targets.mistakes.push(Diagnostic::new(Code::UnknownKey, key.span(), message).help(help));
                }
            }
        }
        return;
    }
    let mut changes = targets.changes();
    for (key, value) in entries(table) {
        let parameter = key.get_ref().as_ref();
        let written = Written { key: key.span(), value };
        if let Some(value) = targets.change(&mut changes, name, parameter, &written) {
            let parameter = parameter.to_owned();
            scene.changes.push(Change { node: name.to_owned(), parameter, value });
        }
    }
    if let Err(error) = changes.edits() {
        targets.mistakes.push(Diagnostic::new(error.code, place, error.message));
    }
}

fn holds_date(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Datetime(_) => true,
        DeValue::Array(list) => list.iter().any(|item| holds_date(item.get_ref())),
        DeValue::Table(table) => table.iter().any(|(_, value)| holds_date(value.get_ref())),
        _ => false,
    }
}
