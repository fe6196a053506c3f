//! A struct's declaration, and the values that it accepts.

use patchline_graph::{NoProcessor, Node, NodeError, Ports, PrepareSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{Level, PatchNode, Time};

/// Says a word.
///
/// And more about it.
///
/// ```
/// // Code is not for the author of a patch.
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Word {
    /// How long.
    #[schemars(extend("x-min" = "1 ms", "x-max" = "10 s"))]
    time: Time,
    /// How loud.
    #[serde(default = "unity")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    gain: Level,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    other: Option<Mode>,
    #[serde(default)]
    window: Option<Time>,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    count: u32,
}

fn unity() -> Level {
    Level::UNITY
}

#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Closes.
    #[default]
    Gate,
    /// Lets pass.
    Trigger,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
struct Part {
    from: usize,
}

impl Node for Word {
    const KIND: &'static str = "word";
    type Processor = NoProcessor<Self>;
    fn ports(&self) -> Ports {
        Ports::effect()
    }
    fn prepare(&self, _: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }
    fn footprint(&self, _: &PrepareSpec) -> usize {
        0
    }
}

impl PatchNode for Word {
    fn example() -> Self {
        let time = Time::Frames(64);
        let parts = vec![Part { from: 1 }];
        Self { time, gain: Level::UNITY, mode: Mode::Gate, other: None, window: None, parts, count: 0 }
    }
}

fn shape(name: &str) -> Shape {
    Declaration::of::<Word>().param(name).unwrap().shape.clone()
}

#[test]
fn a_struct_declares_its_node() {
    let word = Declaration::of::<Word>();
    assert_eq!((word.kind, word.doc.as_str()), ("word", "Says a word.\n\nAnd more about it."));
    let names: Vec<_> = word.params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, ["time", "gain", "mode", "other", "window", "parts", "count"]);
    let time = word.param("time").unwrap();
    assert!(time.required);
    assert_eq!(time.shape.to_string(), r#"a time: "500 ms", "0.5 s" or "22050 smp", from 1 ms to 10 s"#);
    let gain = word.param("gain").unwrap();
    assert_eq!((gain.doc.as_str(), gain.default.as_deref()), ("How loud.", Some("1.0")));
    assert_eq!(word.param("mode").unwrap().default.as_deref(), Some("\"gate\""));
    assert_eq!(word.param("window").unwrap().default, None);
    assert_eq!(word.example_toml(), "type = \"word\"\ntime = \"64 smp\"\nparts = [{ from = 1 }]\n");
    assert_eq!((word.inputs[0].name, word.outputs[0].name), ("in", "out"));
}

#[test]
fn shapes_come_from_the_fields() {
    for name in ["mode", "other"] {
        let choices = shape(name);
        assert_eq!(choices.to_string(), r#""gate" or "trigger""#);
        assert_eq!(choices.choices()[1].doc, "Lets pass.");
    }
    assert_eq!(shape("window"), Shape::Time(Bounds::default()));
    let Shape::List(part) = shape("parts") else { panic!("a list") };
    let Shape::Table(fields) = *part else { panic!("a table") };
    assert!(fields[0].name == "from" && fields[0].required);
}

#[test]
fn values_are_checked_against_their_declaration() {
    let check = |name: &str, given, expected: Result<(), &str>| {
        let result = shape(name).check(given, 48_000.0).map_err(|error| error.message);
        assert_eq!(result, expected.map_err(str::to_owned), "{name} {given:?}");
    };
    check("time", Given::Text("500 ms"), Ok(()));
    check("time", Given::Text("480000 smp"), Ok(()));
    check("time", Given::Text("480001 smp"), Err(r#""480001 smp" is out of range: at most 10 s"#));
    check("time", Given::Integer(0), Err("0 is out of range: at least 1 ms"));
    check("time", Given::Integer(5), Err(r#"a time needs a unit: "500 ms", "0.5 s" or "22050 smp""#));
    check("time", Given::Bool(true), Err("true is not a time"));
    check("gain", Given::Text("-6 dB"), Ok(()));
    check("gain", Given::Number(-1000.0), Ok(()));
    check("gain", Given::Text("80 dB"), Err(r#""80 dB" is out of range: at most 1000 (+60 dB)"#));
    check("gain", Given::Number(f64::NAN), Err("NaN is not a finite number"));
    check("gain", Given::Number(1e308), Err("1e308 is out of range: at most 1000 (+60 dB)"));
    check("mode", Given::Text("gate"), Ok(()));
    check("mode", Given::Text("gat\u{7}"), Err(r#""gat\u{7}" is not a choice here"#));
    check("mode", Given::Integer(1), Err(r#"1 is not "gate" or "trigger""#));
    check("count", Given::Integer(-1), Err("-1 is out of range: at least 0"));
    check("count", Given::Integer(1 << 32), Err("4294967296 is out of range: at most 4294967295"));
    check("count", Given::Number(1.5), Err("1.5 is not a whole number"));
}

#[test]
fn a_pattern_of_one_word_is_a_choice() {
    let entry = serde_json::json!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^silence$" });
    let list = serde_json::json!({ "type": ["array", "string"], "items": entry, "pattern": "^mono_mix$" });
    let params = params_of(&serde_json::json!({ "properties": { "channels": list } }));
    let text = params[0].shape.to_string();
    assert_eq!(text, r#""mono_mix" or a list in brackets (each entry: "silence" or a whole number, at least 0)"#);
    assert!(params[0].shape.check(Given::Text("mono_mix"), 48_000.0).is_ok());
    assert!(params[0].shape.check(Given::Text("mono"), 48_000.0).is_err());
}

#[test]
fn the_schema_has_no_null() {
    let text = Declaration::of::<Word>().schema.to_string();
    assert!(!text.contains("null"), "{text}");
}
