//! What a value may be, read from a JSON schema.

use std::fmt;

use serde_json::{Map, Value};

use super::{Change, Param, toml_text};

/// What a value may be. Its `Display` says so in words: `a time: "500 ms", "0.5 s" or "22050 smp", at most 10 s`.
///
/// ```
/// use patchline_nodes::declaration::{Declaration, Given, Shape};
/// use patchline_nodes::{Delay, Matrix, Oscillator};
///
/// let delay = Declaration::of::<Delay>();
/// let mix: &Shape = &delay.param("mix").unwrap().shape;
/// assert!(mix.check(Given::Number(0.5), 48_000.0).is_ok());
/// assert_eq!(mix.range(48_000.0), [Some(0.0), Some(1.0)]);
/// assert_eq!(mix.bounds().and_then(|bounds| bounds.words()).as_deref(), Some("from 0 to 1"));
///
/// let time = &delay.param("time").unwrap().shape;
/// assert_eq!((time.word().as_str(), time.unit()), ("time", Some("s")));
/// assert_eq!(time.number(Given::Text("4800 smp"), 48_000.0), Some(0.1));
///
/// let shapes = Declaration::of::<Oscillator>().param("shape").unwrap().shape.clone();
/// assert_eq!(shapes.choices()[0].name, "sine");
/// let gains = Declaration::of::<Matrix>().param("gains").unwrap().shape.clone();
/// assert_eq!(gains.fields()[0].name, "from");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A [`Time`](crate::Time).
    Time(Bounds),
    /// A [`Level`](crate::Level).
    Level(Bounds),
    /// A [`Frequency`](crate::Frequency).
    Frequency(Bounds),
    /// A [`Size`](crate::Size).
    Size(Bounds),
    /// A finite number.
    Number(Bounds),
    /// A whole number.
    Integer(Bounds),
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// One of these texts.
    Choice(Vec<Choice>),
    /// A list of values of one shape.
    List(Box<Shape>),
    /// A table with these fields.
    Table(Vec<Param>),
    /// One of several.
    Either(Vec<Shape>),
    /// Whatever the node itself accepts.
    Any,
}

/// A text that may be chosen.
///
/// ```
/// use patchline_nodes::Noise;
/// use patchline_nodes::declaration::Declaration;
///
/// let noise = Declaration::of::<Noise>();
/// let [white, pink] = noise.param("color").unwrap().shape.choices()[..] else { panic!("two colours") };
/// assert_eq!((white.name.as_str(), white.doc.as_str()), ("white", "Evenly."));
/// assert_eq!(pink.name, "pink");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The text.
    pub name: String,
    /// What it chooses; may be empty.
    pub doc: String,
}

/// The range of a quantity or number, both ends included, as text that its type reads (`"1 ms"`, `"-1000"`).
///
/// ```
/// use patchline_nodes::declaration::Bounds;
///
/// let bounds = Bounds { min: Some("1 ms".to_owned()), max: None };
/// assert_eq!(bounds.words().as_deref(), Some("at least 1 ms"));
/// assert_eq!(Bounds::default().words(), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest value.
    pub min: Option<String>,
    /// The largest value.
    pub max: Option<String>,
}

impl Shape {
    /// The range, for shapes that have one.
    #[must_use]
    pub fn bounds(&self) -> Option<&Bounds> {
        match self {
            Self::Time(bounds) | Self::Level(bounds) | Self::Frequency(bounds) | Self::Size(bounds) => Some(bounds),
            Self::Number(bounds) | Self::Integer(bounds) => Some(bounds),
            _ => None,
        }
    }

    /// The texts that may be chosen, wherever in the shape they stand.
    #[must_use]
    pub fn choices(&self) -> Vec<&Choice> {
        match self {
            Self::Choice(choices) => choices.iter().collect(),
            Self::Either(shapes) => shapes.iter().flat_map(Self::choices).collect(),
            _ => Vec::new(),
        }
    }

    /// The fields of the tables that a list holds, or of a table.
    #[must_use]
    pub fn fields(&self) -> &[Param] {
        match self {
            Self::List(of) => of.fields(),
            Self::Table(fields) => fields,
            _ => &[],
        }
    }

    /// One or a few words: `time`, `"gate" or "trigger"`, `list of levels`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Time(_) => "time".to_owned(),
            Self::Level(_) => "level".to_owned(),
            Self::Frequency(_) => "frequency".to_owned(),
            Self::Size(_) => "size".to_owned(),
            Self::Number(_) => "number".to_owned(),
            Self::Integer(_) => "whole number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Choice(choices) => {
                or_list(&choices.iter().map(|choice| format!("\"{}\"", choice.name)).collect::<Vec<_>>())
            }
            Self::List(of) => format!("list ({})", of.word()),
            Self::Table(_) => "table".to_owned(),
            Self::Either(shapes) => or_list(&shapes.iter().map(Self::word).collect::<Vec<_>>()),
            Self::Any => "value".to_owned(),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(_) => f.write_str(crate::Time::EXPECTED)?,
            Self::Level(_) => f.write_str(crate::Level::EXPECTED)?,
            Self::Frequency(_) => f.write_str(crate::Frequency::EXPECTED)?,
            Self::Size(_) => f.write_str(crate::Size::EXPECTED)?,
            Self::Number(_) => f.write_str("a number")?,
            Self::Integer(_) => f.write_str("a whole number")?,
            Self::Text => f.write_str("text in quotes")?,
            Self::List(of) => write!(f, "a list in brackets (each entry: {of})")?,
            Self::Table(fields) => {
                let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
                write!(f, "a table in braces with {}", names.join(", "))?;
            }
            Self::Either(shapes) => f.write_str(&or_list(&shapes.iter().map(Self::to_string).collect::<Vec<_>>()))?,
            Self::Any => f.write_str("a value")?,
            Self::Bool | Self::Choice(_) => f.write_str(&self.word())?,
        }
        match self.bounds().and_then(Bounds::words) {
            Some(range) => write!(f, ", {range}"),
            None => Ok(()),
        }
    }
}

impl Bounds {
    /// The range in words: `from 0 to 1`, `at least 1 ms`.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => Some(format!("from {min} to {max}")),
            (Some(min), None) => Some(format!("at least {min}")),
            (None, Some(max)) => Some(format!("at most {max}")),
            (None, None) => None,
        }
    }

    fn of(schema: &Value) -> Self {
        let end = |key: &str, text: &str| match (schema.get(text), schema.get(key)) {
            (Some(Value::String(text)), _) => Some(text.clone()),
            (_, Some(Value::Number(number))) => number.as_f64().map(|number| number.to_string()),
            _ => None,
        };
        Self { min: end("minimum", "x-min"), max: end("maximum", "x-max") }
    }

    /// The range of an integer, where the schema leaves it to the width of its type.
    fn of_integer(schema: &Value) -> Self {
        let declared = Self::of(schema);
        let (min, max) = match schema.get("format").and_then(Value::as_str) {
            Some("uint8") => (Some("0"), Some("255")),
            Some("uint16") => (Some("0"), Some("65535")),
            Some("uint32") => (Some("0"), Some("4294967295")),
            Some("uint64" | "uint") => (Some("0"), None),
            Some("int32") => (Some("-2147483648"), Some("2147483647")),
            _ => (None, None),
        };
        Self { min: declared.min.or(min.map(str::to_owned)), max: declared.max.or(max.map(str::to_owned)) }
    }
}

fn or_list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The documentation of a schema.
pub(super) fn doc(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The fields of an object's schema, in the order they are declared.
pub(super) fn fields(schema: &Value, root: &Value) -> Vec<Param> {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, field): (&String, &Value)| Param {
        name: name.clone(),
        doc: doc(field),
        shape: shape(field, root),
        default: field.get("default").and_then(toml_text::of),
        required: required.contains(&name.as_str()),
        change: Change::of(field),
    };
    properties.into_iter().flatten().map(field).collect()
}

fn shape(schema: &Value, root: &Value) -> Shape {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return target.strip_prefix('#').and_then(|path| root.pointer(path)).map_or(Shape::Any, |t| shape(t, root));
    }
    match schema.get("x-quantity").and_then(Value::as_str) {
        // The schema's own bounds of a bare number, which only 0 is; the range of a time is text.
        Some("time") => return Shape::Time(text_bounds(schema)),
        Some("level") => return Shape::Level(Bounds::of(schema)),
        Some("frequency") => return Shape::Frequency(Bounds::of(schema)),
        Some("size") => return Shape::Size(text_bounds(schema)),
        _ => {}
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema.get(key).and_then(Value::as_array) {
            return either(parts.iter().map(|part| shape(part, root)).collect());
        }
    }
    if let Some(choices) = choices(schema) {
        return Shape::Choice(choices);
    }
    match schema.get("type") {
        Some(Value::Array(types)) => {
            let one = |kind: &Value| {
                let mut alone = schema.as_object().cloned().unwrap_or_default();
                alone.insert("type".to_owned(), kind.clone());
                of_type(&Value::Object(alone), root)
            };
            either(types.iter().map(one).collect())
        }
        _ => of_type(schema, root),
    }
}

fn text_bounds(schema: &Value) -> Bounds {
    let end = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    Bounds { min: end("x-min"), max: end("x-max") }
}

fn of_type(schema: &Value, root: &Value) -> Shape {
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Shape::Bool,
        Some("string") => text(schema),
        Some("integer") => Shape::Integer(Bounds::of_integer(schema)),
        Some("number") => Shape::Number(Bounds::of(schema)),
        Some("array") => Shape::List(Box::new(schema.get("items").map_or(Shape::Any, |items| shape(items, root)))),
        Some("object") if schema.get("properties").is_some() => Shape::Table(fields(schema, root)),
        _ => Shape::Any,
    }
}

/// Text; a pattern that fits one word only is a choice.
fn text(schema: &Value) -> Shape {
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let word = pattern.and_then(|pattern| pattern.strip_prefix('^')?.strip_suffix('$'));
    match word.filter(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_')) {
        Some(word) => Shape::Choice(vec![Choice { name: word.to_owned(), doc: String::new() }]),
        None => Shape::Text,
    }
}

fn choices(schema: &Value) -> Option<Vec<Choice>> {
    let texts = match (schema.get("const"), schema.get("enum")) {
        (Some(only), _) => std::slice::from_ref(only),
        (None, Some(Value::Array(texts))) => texts,
        _ => return None,
    };
    let choice = |text: &Value| Some(Choice { name: text.as_str()?.to_owned(), doc: doc(schema) });
    texts.iter().map(choice).collect()
}

/// Joins alternatives; those that are choices become one choice.
fn either(shapes: Vec<Shape>) -> Shape {
    let mut choices = Vec::new();
    let mut others = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Choice(some) => choices.extend(some),
            other => others.push(other),
        }
    }
    if !choices.is_empty() {
        others.insert(0, Shape::Choice(choices));
    }
    if others.len() == 1 { others.remove(0) } else { Shape::Either(others) }
}

/// Takes `null` out of a schema: an absent key is how TOML says it.
pub(super) fn forget_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(forget_null),
        Value::Object(object) => {
            object.retain(|key, value| !(key == "default" && value.is_null()));
            without_null_type(object);
            for key in ["anyOf", "oneOf"] {
                without_null_part(object, key);
            }
            object.values_mut().for_each(forget_null);
        }
        _ => {}
    }
}

/// Takes code out of all descriptions: examples in Rust are for those who read the source, not for a patch's author.
pub(super) fn forget_examples(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(forget_examples),
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = without_code(text);
            }
            object.values_mut().for_each(forget_examples);
        }
        _ => {}
    }
}

/// Markdown without its fenced blocks.
fn without_code(text: &str) -> String {
    let mut inside = false;
    let is_kept = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        let is_code = inside || is_fence;
        inside ^= is_fence;
        !is_code
    };
    let kept: Vec<&str> = text.lines().filter(is_kept).collect();
    kept.join("\n").trim_end().to_owned()
}

fn without_null_type(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(texts)) = object.get_mut("enum") {
        texts.retain(|text| !text.is_null());
    }
}

fn without_null_part(object: &mut Map<String, Value>, key: &str) {
    let Some(Value::Array(parts)) = object.get_mut(key) else { return };
    parts.retain(|part| part.get("type").is_none_or(|kind| kind != "null"));
    let [only] = &parts[..] else { return };
    let only = only.clone();
    if let Value::Object(only) = only {
        object.remove(key);
        // Beside `$ref` draft 7 ignores every other key, so the reference stays in a list of its own.
        if only.contains_key("$ref") {
            object.insert("allOf".to_owned(), Value::Array(vec![Value::Object(only)]));
        } else {
            only.into_iter().for_each(|(key, value)| _ = object.entry(key).or_insert(value));
        }
    }
}
