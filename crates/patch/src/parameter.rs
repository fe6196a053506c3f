//! What a node's parameters are while it plays, for control surfaces.

use patchline_graph::{AnyNode, Graph};
use patchline_nodes::declaration::{Given, Param, Shape};
use serde::Serialize;
use serde_json::Value;

use crate::keys::{BYPASS, BYPASS_DOC};
use crate::registry::Registry;

/// A parameter of a node, and what it is now.
///
/// ```
/// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
/// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
/// use patchline_patch::{Options, Parameter, Registry, read};
///
/// let registry = Registry::standard();
/// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
/// let loaded = read(TRIM, "trim.toml")?.load(&registry, &Options::default())?;
/// let parameters = registry.parameters_in(&loaded.graph, "trim", 48_000).unwrap();
/// let gain: &Parameter = parameters.iter().find(|parameter| parameter.path == "gain").unwrap();
/// assert_eq!((gain.kind.as_str(), gain.number, gain.law), ("level", Some(0.1), "exponential"));
/// assert_eq!(gain.default_value(), Some(1.0.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// What [`Changes::set`](crate::Changes::set) calls it: `gain`, `gains[1].gain`.
    pub path: String,
    /// What it does.
    pub doc: String,
    /// What it may be, in a few words: `level`, `"gate" or "trigger"`.
    pub kind: String,
    /// As a patch would say it; `None` where it says nothing and the node decides.
    pub value: Option<Value>,
    /// The same as a number in `unit`, if it is one.
    pub number: Option<f64>,
    /// The unit of `number`, `min` and `max`: `s`, `Hz` or `bytes`; none for factors and plain numbers.
    pub unit: Option<&'static str>,
    /// The smallest value.
    pub min: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
    /// The texts that may be chosen.
    pub choices: Vec<String>,
    /// What it is in a patch that says nothing, in TOML.
    pub default: Option<String>,
    /// How it gets to a new value: `linear`, `exponential`, `crossfade`, `now`, or `rebuilds`, where the node starts anew.
    pub law: &'static str,
    /// How long that takes unless it is said otherwise: a time, or the name of the parameter that gives it.
    pub time: Option<String>,
}

impl Parameter {
    /// What it is in a patch that says nothing, as [`Changes::set`](crate::Changes::set) takes it.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        let text = self.default.as_deref()?;
        serde_json::from_str(text).ok().or_else(|| Some(Value::from(text.trim_matches(['"', '\'']))))
    }
}

impl Registry {
    /// All parameters of a node, in the order they are declared, lists of tables entry by entry; `None` if its type is
    /// not registered here. `rate`, in Hz, relates times in frames to seconds.
    ///
    /// ```
    /// use patchline_graph::AnyNode;
    /// use patchline_nodes::{Delay, Time};
    /// use patchline_patch::Registry;
    ///
    /// let node = AnyNode::new(Delay::new(Time::Frames(480)));
    /// let parameters = Registry::standard().parameters(&node, 48_000).unwrap();
    /// assert_eq!((parameters[0].path.as_str(), parameters[0].number, parameters[0].unit), ("time", Some(0.01), Some("s")));
    /// ```
    #[must_use]
    pub fn parameters(&self, node: &AnyNode, rate: u32) -> Option<Vec<Parameter>> {
        let kind = self.get(node.kind())?;
        let table = serde_json::to_value((kind.write)(node)?).ok()?;
        let mut list = Vec::new();
        for param in &kind.declaration.params {
            gather(&param.name, param, table.get(&param.name), rate.into(), &mut list);
        }
        Some(list)
    }

    /// All [parameters](Self::parameters) of a node of a graph, and whether it is left out, where it can be; `None` if there
    /// is no such node.
    ///
    /// ```
    /// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
    /// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
    /// use patchline_patch::{Options, Registry, read};
    ///
    /// let registry = Registry::standard();
    /// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
    /// let loaded = read(TRIM, "trim.toml")?.load(&registry, &Options::default())?;
    /// let parameters = registry.parameters_in(&loaded.graph, "trim", 48_000).unwrap();
    /// assert!(parameters.iter().any(|parameter| parameter.path == "bypass"));
    /// assert!(registry.parameters_in(&loaded.graph, "echo", 48_000).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn parameters_in(&self, graph: &Graph, node: &str, rate: u32) -> Option<Vec<Parameter>> {
        let on = graph.is_bypassed(node);
        let node = graph.node(node)?;
        let mut list = self.parameters(node, rate)?;
        if may_be_left_out(node) {
            list.push(bypass(on));
        }
        Some(list)
    }
}

/// Whether anything goes through a node.
pub(crate) fn may_be_left_out(node: &AnyNode) -> bool {
    let ports = node.ports();
    ports.device.is_none() && !ports.outputs.is_empty()
}

fn bypass(on: bool) -> Parameter {
    Parameter {
        path: BYPASS.to_owned(),
        doc: BYPASS_DOC.to_owned(),
        kind: Shape::Bool.word(),
        value: Some(on.into()),
        number: None,
        unit: None,
        min: None,
        max: None,
        choices: Vec::new(),
        default: Some("false".to_owned()),
        law: "crossfade",
        time: Some("20 ms".to_owned()),
    }
}

fn gather(path: &str, param: &Param, value: Option<&Value>, rate: f64, list: &mut Vec<Parameter>) {
    if let (Shape::List(of), Some(Value::Array(entries))) = (&param.shape, value)
        && let Shape::Table(fields) = &**of
    {
        for (index, entry) in entries.iter().enumerate() {
            for field in fields {
                let path = format!("{path}[{index}].{}", field.name);
                gather(&path, field, entry.get(&field.name), rate, list);
            }
        }
        return;
    }
    let Param { doc, shape, default, change, .. } = param;
    let [min, max] = shape.range(rate);
    list.push(Parameter {
        path: path.to_owned(),
        doc: doc.clone(),
        kind: shape.word(),
        value: value.cloned(),
        number: value.and_then(given).and_then(|given| shape.number(given, rate)),
        unit: shape.unit(),
        min,
        max,
        choices: shape.choices().into_iter().map(|choice| choice.name.clone()).collect(),
        default: default.clone(),
        law: change.law(),
        time: change.time().map(str::to_owned),
    });
}

fn given(value: &Value) -> Option<Given<'_>> {
    match value {
        Value::String(text) => Some(Given::Text(text)),
        Value::Number(number) => {
            Some(number.as_i128().map_or_else(|| Given::Number(number.as_f64().unwrap_or(f64::NAN)), Given::Integer))
        }
        Value::Bool(value) => Some(Given::Bool(*value)),
        _ => None,
    }
}
