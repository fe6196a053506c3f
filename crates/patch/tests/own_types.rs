//! Node types of an embedding program: registered, checked and documented like the standard ones.

use std::path::PathBuf;

use patchline_graph::{NoProcessor, Node, NodeError, Ports, PrepareSpec};
use patchline_nodes::{PatchNode, Register, Surroundings, Time, resolve_path};
use patchline_patch::{Diagnostics, Options, Registry, read, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Winds sound onto a tape.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tape {
    /// The tape.
    path: String,
    /// How long it is.
    #[serde(default = "half_an_hour")]
    #[schemars(extend("x-min" = "1 s", "x-max" = "60 min"))]
    length: Time,
    #[serde(default)]
    speed: Speed,
    #[serde(skip)]
    place: PathBuf,
}

fn half_an_hour() -> Time {
    Time::Seconds(1800.0)
}

/// A word that only the type itself can judge.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
struct Speed(String);

impl TryFrom<String> for Speed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.ends_with("ips") { Ok(Self(text)) } else { Err(format!("`{text}` is no speed in ips")) }
    }
}

impl Node for Tape {
    const KIND: &'static str = "tape";
    type Processor = NoProcessor<Self>;

    fn ports(&self) -> Ports {
        Ports::sink().with_optional_input("record", 1)
    }

    fn prepare(&self, _: &PrepareSpec) -> Result<Self::Processor, NodeError> {
        Ok(NoProcessor::default())
    }

    fn footprint(&self, _: &PrepareSpec) -> usize {
        0
    }
}

impl PatchNode for Tape {
    fn example() -> Self {
        Self { path: "a.tape".to_owned(), length: half_an_hour(), speed: Speed::default(), place: PathBuf::new() }
    }

    fn resolve(&mut self, surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        self.place = resolve_path(surroundings, "path", &self.path).map_err(|error| vec![error])?;
        Ok(())
    }

    fn writes(&self) -> Vec<PathBuf> {
        vec![self.place.clone()]
    }
}

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.node::<Tape>();
    registry
}

fn load(tapes: &str, options: &Options) -> Result<Vec<PathBuf>, Diagnostics> {
    let text = format!("links = [\"mic -> a\", \"mic -> b\"]\n[nodes.mic]\ntype = \"input\"\n{tapes}");
    let loaded = read(text.as_bytes(), "/nowhere/p.toml").unwrap().load(&registry(), options)?;
    let tapes = loaded.graph.nodes().filter_map(|(_, node)| node.downcast_ref::<Tape>());
    Ok(tapes.map(|tape| tape.place.clone()).collect())
}

fn tape(name: &str, rest: &str) -> String {
    format!("[nodes.{name}]\ntype = \"tape\"\n{rest}\n")
}

/// Codes and lines of the mistakes.
fn mistakes(tapes: &str) -> Vec<(&'static str, usize, String)> {
    let errors = load(tapes, &Options::default()).unwrap_err();
    errors.iter().map(|error| (error.code.as_str(), errors.position(error).line, error.message.clone())).collect()
}

#[test]
fn paths_are_resolved_beside_the_patch() {
    let places = load(&(tape("a", "path = \"x/a.tape\"") + &tape("b", "path = \"b.tape\"")), &Options::default());
    assert_eq!(places.unwrap(), [PathBuf::from("/nowhere/x/a.tape"), PathBuf::from("/nowhere/b.tape")]);
}

#[test]
fn two_nodes_never_write_one_file() {
    let found = mistakes(&(tape("a", "path = \"x/a.tape\"") + &tape("b", "path = \"x/../x/a.tape\"")));
    assert_eq!(found, [("file", 9, "`b` would write the same file as `a`".to_owned())]);
}

#[test]
fn what_a_type_refuses_is_found_beside_what_is_declared() {
    let tapes = tape("a", "path = \"../a.tape\"\nlength = \"2 h\"\nspeed = \"fast\"") + &tape("b", "tension = 3");
    let found = mistakes(&tapes);
    let places: Vec<_> = found.iter().map(|(code, line, _)| (*code, *line)).collect();
    assert_eq!(places, [("unknown-key", 11), ("file", 6), ("value", 7), ("value", 8), ("missing", 9)], "{found:?}");
    assert_eq!(found[3].2, "`fast` is no speed in ips");
}

#[test]
fn folders_may_be_allowed() {
    let tapes = tape("a", "path = \"../a.tape\"") + &tape("b", "path = \"/somewhere/b.tape\"");
    assert_eq!(mistakes(&tapes).len(), 2);
    let options = Options { allowed: vec![PathBuf::from("/")], ..Options::default() };
    assert_eq!(load(&tapes, &options).unwrap(), [PathBuf::from("/a.tape"), PathBuf::from("/somewhere/b.tape")]);
    let engine = format!("{tapes}[engine]\nallow_paths = [\"..\"]\n");
    assert!(load(&engine, &Options::default()).is_ok());
}

#[test]
fn own_types_are_in_the_schema() {
    let text = schema(&registry()).to_string();
    assert!(text.contains("Winds sound onto a tape.") && text.contains("\"tape\""));
}
