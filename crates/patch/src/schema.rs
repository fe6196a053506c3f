//! JSON Schema of the patch language, for editors: completion, documentation and checks while typing.

use patchline_nodes::Declaration;
use patchline_nodes::declaration::schema_of;
use serde_json::{Map, Value, json};

use crate::control::ControlSettings;
use crate::keys::{NODE_KEYS, ON_REPLACE, ON_REPLACE_DOC};
use crate::maps;
use crate::registry::Registry;
use crate::settings::EngineSettings;

/// What a node's name looks like: [`NodeName`](patchline_graph::NodeName) as a regular expression.
const NAME: &str = "^[A-Za-z_]([A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?(/[A-Za-z_]([A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?)*$";
/// What a text of links looks like: ends with arrows between them.
const LINK: &str =
    r"^\s*[A-Za-z_][A-Za-z0-9_./-]*(\[[0-9 .]+\])?(\s*[~!-]>\s*[A-Za-z_][A-Za-z0-9_./-]*(\[[0-9 .]+\])?)+\s*$";

/// The JSON Schema (draft 7) of a patch that uses the node types of `registry`.
///
/// A node is checked by `allOf` of one `if type = ... then ...` for each type: with `oneOf` an editor would mark the
/// whole table instead of the value that is wrong.
///
/// ```
/// use patchline_patch::{Registry, schema};
///
/// let schema = schema(&Registry::standard());
/// assert!(schema["properties"]["links"].is_object());
/// ```
#[must_use]
pub fn schema(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    let mut engine = schema_of::<EngineSettings>();
    adopt(&mut engine, "engine", &mut definitions);
    let mut control = schema_of::<ControlSettings>();
    adopt(&mut control, "control", &mut definitions);
    let mut map = schema_of::<maps::Keys>();
    adopt(&mut map, "map", &mut definitions);
    let branches: Vec<Value> = registry.kinds().map(|kind| branch(kind, &mut definitions)).collect();
    let kinds: Vec<&str> = registry.kinds().map(|declaration| declaration.kind).collect();
    definitions.insert(
        "node".to_owned(),
        json!({
            "type": "object",
            "required": ["type"],
            "properties": { "type": { "description": "What the node is.", "enum": kinds } },
            "allOf": branches,
        }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Patchline patch",
        "type": "object",
        "anyOf": [{ "required": ["links"] }, { "required": ["include"] }],
        "additionalProperties": false,
        "properties": {
            "name": { "description": "The patch's name; its file's if absent.", "type": "string", "minLength": 1 },
            "include": {
                "description": "Files whose nodes, links and other tables are part of this patch, relative to this one.",
                "type": "array",
                "items": { "type": "string", "minLength": 1 },
            },
            "links": {
                "description": "The signal flow: \"a -> b -> c\", \"vad.open -> rec.record\", \"a[0] -> b[1]\"; \
                                \"a ~> b\" is a feedback link, \"a !> b\" one that does not wait for later paths.",
                "type": "array",
                "items": { "type": "string", "pattern": LINK },
            },
            "engine": engine,
            "macros": {
                "description": "Groups of nodes that are written once and used many times: [macros.lane].",
                "type": "object",
                "additionalProperties": macro_schema(),
            },
            "use": {
                "description": "A use of a macro: its nodes are called `name/node`. Other keys are the macro's parameters.",
                "type": "array",
                "items": use_schema(),
            },
            "scenes": {
                "description": "Values that parameters take together: [scenes.verse] with `trim.gain = \"-6 dB\"` below it.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "over": {
                            "description": "How long the parameters take to get there; each its own time if absent.",
                            "type": ["string", "integer"],
                        },
                    },
                    "additionalProperties": { "type": "object" },
                },
            },
            "map": { "description": "What MIDI messages change.", "type": "array", "items": map },
            "control": control,
            "nodes": {
                "description": "The nodes by their names: letters, digits, `_` and `-`.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "$ref": "#/definitions/node" },
            },
        },
        "definitions": definitions,
    })
}

/// What a macro has. Its nodes are checked by the reader alone: their values may stand for others.
fn macro_schema() -> Value {
    let ports = |description: &str| {
        let end = json!({ "type": "string" });
        let ends = json!({ "anyOf": [end, { "type": "array", "items": end }] });
        json!({ "description": description, "type": "object", "additionalProperties": ends })
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "inputs": ports("What links to a use lead to: { in = \"trim\" }. The first is the main one."),
            "outputs": ports("What links from a use come from: { out = \"level\" }. The first is the main one."),
            "required": {
                "description": "Parameters that every use gives.",
                "type": "array",
                "items": { "type": "string" },
            },
            "params": { "description": "Parameters with their defaults: \"$gain\" stands for `gain`.", "type": "object" },
            "nodes": { "description": "The nodes of each use.", "type": "object" },
            "links": { "description": "The links between them.", "type": "array", "items": { "type": "string" } },
            "use": { "description": "Uses of other macros in each use.", "type": "array", "items": use_schema() },
        },
    })
}

fn use_schema() -> Value {
    json!({
        "type": "object",
        "required": ["macro", "name"],
        "properties": {
            "macro": { "description": "Which macro it is.", "type": "string" },
            "name": { "description": "What its nodes are called by.", "type": "string" },
        },
    })
}

/// What holds for nodes of one type.
fn branch(declaration: &Declaration, definitions: &mut Map<String, Value>) -> Value {
    let kind = declaration.kind;
    let mut then = declaration.schema.clone();
    adopt(&mut then, kind, definitions);
    if let Value::Object(then) = &mut then {
        let properties = then.entry("properties").or_insert_with(|| json!({}));
        for (key, doc) in NODE_KEYS {
            properties[key] = json!({ "type": "boolean", "default": false, "description": doc });
        }
        properties[ON_REPLACE] = json!({ "enum": ["tail", "cut"], "default": "tail", "description": ON_REPLACE_DOC });
        properties["type"] = json!({ "const": kind, "description": declaration.doc });
        then.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    json!({ "if": { "properties": { "type": { "const": kind } }, "required": ["type"] }, "then": then })
}

/// Makes a schema part of a larger one: what it defines moves to `definitions`, under names of its own.
fn adopt(schema: &mut Value, owner: &str, definitions: &mut Map<String, Value>) {
    let Value::Object(object) = schema else { return };
    object.remove("$schema");
    object.remove("title");
    let own = object.remove("definitions");
    redirect(schema, owner);
    for (name, mut definition) in own.as_ref().and_then(Value::as_object).cloned().unwrap_or_default() {
        redirect(&mut definition, owner);
        definitions.insert(format!("{owner}.{name}"), definition);
    }
}

fn redirect(schema: &mut Value, owner: &str) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(|part| redirect(part, owner)),
        Value::Object(object) => {
            for (key, value) in object {
                let target = value.as_str().and_then(|target| target.strip_prefix("#/definitions/"));
                match target.map(|name| format!("#/definitions/{owner}.{name}")) {
                    Some(moved) if key == "$ref" => *value = Value::String(moved),
                    _ => redirect(value, owner),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn follow(schema: &Value, root: &Value, count: &mut usize) {
            match schema {
                Value::Array(parts) => parts.iter().for_each(|part| follow(part, root, count)),
                Value::Object(object) => {
                    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                        assert!(root.pointer(&target[1..]).is_some(), "{target}");
                        *count += 1;
                    }
                    object.values().for_each(|value| follow(value, root, count));
                }
                _ => {}
            }
        }
        let schema = schema(&Registry::standard());
        let mut count = 0;
        follow(&schema, &schema, &mut count);
        assert!(count > 1);
    }

    #[test]
    fn every_type_and_parameter_is_there() {
        let registry = Registry::standard();
        let schema = schema(&registry);
        let branches = schema["definitions"]["node"]["allOf"].as_array().unwrap();
        assert_eq!(branches.len(), registry.kinds().len());
        for (branch, kind) in branches.iter().zip(registry.kinds()) {
            let properties = branch["then"]["properties"].as_object().unwrap();
            assert!(kind.params.iter().all(|param| properties.contains_key(&param.name)), "{}", kind.kind);
        }
    }
}
