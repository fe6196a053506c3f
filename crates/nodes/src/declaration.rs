//! What a node type declares about itself, read from its struct: the one source of checks, docs and schema.

mod change;
mod check;
mod shape;
mod toml_text;

use patchline_graph::{Channels, Port, Reading};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use change::Change;
pub use check::{Given, ValueError};
pub use shape::{Bounds, Choice, Shape};

use crate::PatchNode;

/// A node type: its parameters, ports and readings, with their documentation.
///
/// ```
/// use patchline_nodes::Gain;
/// use patchline_nodes::declaration::Declaration;
///
/// let gain = Declaration::of::<Gain>();
/// assert_eq!((gain.kind, gain.doc.lines().next()), ("gain", Some("Multiplies every channel by one factor.")));
/// assert!(gain.param("mute").is_some() && gain.param("loudness").is_none());
/// assert!(gain.example_toml().starts_with("type = \"gain\"\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The type's name in a patch (`"gain"`).
    pub kind: &'static str,
    /// What the node does; the first line is a sentence of its own.
    pub doc: String,
    /// Its parameters, in the order they are declared.
    pub params: Vec<Param>,
    /// The input ports of [`example`](Self::example).
    pub inputs: Vec<Port>,
    /// The output ports of the example.
    pub outputs: Vec<Port>,
    /// What the node publishes while it runs.
    pub readings: &'static [Reading],
    /// The example as a patch writes it: parameters that differ from their defaults, with their values in TOML.
    pub example: Vec<(String, String)>,
    /// JSON Schema (draft 7) of the parameters: one `properties` object, with what it refers to in `definitions`.
    pub schema: Value,
}

/// A parameter, or a field of a table.
///
/// ```
/// use patchline_nodes::Delay;
/// use patchline_nodes::declaration::Declaration;
///
/// let delay = Declaration::of::<Delay>();
/// for param in &delay.params {
///     println!("{}: {}. {}", param.name, param.shape, param.doc);
/// }
/// let required: Vec<&str> = delay.params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
/// assert_eq!(required, ["time"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its key in a patch.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// What it may be.
    pub shape: Shape,
    /// What it is when absent, in TOML; `None` where that depends on something else, or where it is required.
    pub default: Option<String>,
    /// Whether a patch must give it.
    pub required: bool,
    /// What becomes of a change while the node plays.
    pub change: Change,
}

impl Declaration {
    /// The declaration of a node type.
    #[must_use]
    pub fn of<N: PatchNode>() -> Self {
        let schema = schema_of::<N>();
        let example = N::example();
        let ports = example.ports();
        let params = params_of(&schema);
        Self {
            kind: N::KIND,
            doc: shape::doc(&schema),
            example: written(&example, &params),
            params,
            inputs: ports.inputs,
            outputs: ports.outputs,
            readings: example.readings(),
            schema,
        }
    }

    /// The parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The example as lines of a patch: `type = "gain"` and the parameters.
    #[must_use]
    pub fn example_toml(&self) -> String {
        let mut text = format!("type = \"{}\"\n", self.kind);
        for (name, value) in &self.example {
            text.push_str(&format!("{name} = {value}\n"));
        }
        text
    }
}

/// JSON Schema (draft 7) of a type, without `null`, which TOML does not have, and without the code in its documentation.
///
/// ```
/// use patchline_nodes::declaration::schema_of;
///
/// /// Says something.
/// ///
/// /// ```
/// /// // This is not for the author of a patch.
/// /// ```
/// #[derive(schemars::JsonSchema)]
/// struct Word {
///     /// What.
///     text: String,
/// }
///
/// let schema = schema_of::<Word>();
/// assert_eq!(schema["description"], "Says something.");
/// assert_eq!(schema["properties"]["text"]["description"], "What.");
/// ```
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value();
    shape::forget_null(&mut schema);
    shape::forget_examples(&mut schema);
    schema
}

/// The fields that a [schema](schema_of) declares.
///
/// ```
/// use patchline_nodes::Gain;
/// use patchline_nodes::declaration::{params_of, schema_of};
///
/// let names: Vec<String> = params_of(&schema_of::<Gain>()).into_iter().map(|param| param.name).collect();
/// assert_eq!(names, ["gain", "smooth", "mute", "invert"]);
/// ```
#[must_use]
pub fn params_of(schema: &Value) -> Vec<Param> {
    shape::fields(schema, schema)
}

/// How wide a port is, in words.
///
/// ```
/// use patchline_graph::Channels;
/// use patchline_nodes::declaration::width_text;
///
/// assert_eq!(width_text(Channels::Exactly(1)), "1 channel");
/// assert_eq!(width_text(Channels::Follow), "as many channels as reach it");
/// ```
#[must_use]
pub fn width_text(channels: Channels) -> String {
    match channels {
        Channels::Exactly(1) => "1 channel".to_owned(),
        Channels::Exactly(count) => format!("{count} channels"),
        Channels::Follow => "as many channels as reach it".to_owned(),
    }
}

/// The fields of `example` that a patch has to write to get it.
fn written<N: PatchNode>(example: &N, params: &[Param]) -> Vec<(String, String)> {
    let fields = serde_json::to_value(example).unwrap_or_default();
    let text = |param: &Param| toml_text::of(fields.get(&param.name)?);
    let differs = |param: &Param, text: &String| param.default.as_ref() != Some(text);
    params
        .iter()
        .filter_map(|param| Some((param, text(param)?)))
        .filter(|(param, text)| differs(param, text))
        .map(|(param, text)| (param.name.clone(), text))
        .collect()
}

#[cfg(test)]
mod tests;
