//! `runner nodes`: the node types, from their own declarations.

use std::fmt::Write;

use patchline_graph::{Per, Port, Reading};
use patchline_nodes::declaration::{Declaration, Param, width_text};
use patchline_patch::{NODE_KEYS, ON_REPLACE_DOC, Registry};
use serde_json::{Value, json};

use crate::cli::NodesArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::{near, output, style};

const TAKES: &str = "a string takes every text";

pub(crate) fn run(registry: &Registry, args: &NodesArgs) -> Outcome {
    let text = match (&args.kind, args.json) {
        (Some(kind), json) => {
            let declaration = registry.kind(kind).ok_or_else(|| unknown(registry, kind))?;
            if json { data_text(&data(declaration)) } else { manual(declaration) }
        }
        (None, true) => data_text(&registry.kinds().map(data).collect()),
        (None, false) => list(registry),
    };
    output::print(&text)?;
    Ok(Exit::Ok)
}

fn unknown(registry: &Registry, kind: &str) -> Failure {
    let kinds: Vec<&str> = registry.kinds().map(|declaration| declaration.kind).collect();
    let kind = style::safe(kind, 40);
    Failure::new(Exit::Usage, format!("there is no node type `{kind}`; {}", near::or_one_of(&kind, &kinds)))
}

fn list(registry: &Registry) -> String {
    let widest = registry.kinds().map(|declaration| declaration.kind.len()).max().unwrap_or(0);
    let mut out = String::new();
    for declaration in registry.kinds() {
        let (kind, doc) = (declaration.kind, first_line(&declaration.doc));
        let gap = " ".repeat(widest - kind.len());
        writeln!(out, "{}{gap}  {doc}", style::strong(kind)).expect(TAKES);
    }
    out.push_str("\n`runner nodes TYPE` documents one of them.\n");
    out
}

/// Everything about one type.
fn manual(declaration: &Declaration) -> String {
    let mut out = format!("{}\n\n", style::strong(declaration.kind));
    writeln!(out, "{}\n", declaration.doc).expect(TAKES);
    ports(&mut out, "Inputs", &declaration.inputs);
    ports(&mut out, "Outputs", &declaration.outputs);
    if !declaration.params.is_empty() {
        heading(&mut out, "Parameters");
        declaration.params.iter().for_each(|param| parameter(&mut out, "", param));
        out.push('\n');
    }
    if !declaration.outputs.is_empty() && !matches!(declaration.kind, "input") {
        for (key, doc) in NODE_KEYS {
            writeln!(out, "Beside them every node with an output takes `{key} = true`:\n{doc}\n").expect(TAKES);
        }
        writeln!(out, "And every node `on_replace`, which is \"tail\" unless said otherwise:\n{ON_REPLACE_DOC}\n")
            .expect(TAKES);
    }
    if !declaration.readings.is_empty() {
        heading(&mut out, "Readings");
        declaration.readings.iter().for_each(|reading| write_reading(&mut out, reading));
        out.push('\n');
    }
    heading(&mut out, "Example");
    writeln!(out, "  [nodes.NAME]").expect(TAKES);
    declaration.example_toml().lines().for_each(|line| writeln!(out, "  {line}").expect(TAKES));
    out
}

fn heading(out: &mut String, title: &str) {
    writeln!(out, "{}", style::strong(title)).expect(TAKES);
}

fn ports(out: &mut String, title: &str, ports: &[Port]) {
    if ports.is_empty() {
        return;
    }
    heading(out, title);
    for port in ports {
        let optional = if port.optional { ", may stay unlinked" } else { "" };
        writeln!(out, "  {}: {}{optional}", port.name, width_text(port.channels)).expect(TAKES);
    }
    out.push('\n');
}

/// One parameter, and those of its entries: `gains[].from`.
fn parameter(out: &mut String, prefix: &str, param: &Param) {
    let name = format!("{prefix}{}", param.name);
    let default = match (&param.default, param.required) {
        (_, true) => " (required)".to_owned(),
        (Some(default), false) => format!(" = {default}"),
        (None, false) => String::new(),
    };
    writeln!(out, "  {}{default}", style::strong(&name)).expect(TAKES);
    writeln!(out, "      {}", param.shape).expect(TAKES);
    param.doc.lines().for_each(|line| writeln!(out, "      {line}").expect(TAKES));
    writeln!(out, "      A change {}.", param.change).expect(TAKES);
    for choice in param.shape.choices().iter().filter(|choice| !choice.doc.is_empty()) {
        writeln!(out, "      \"{}\": {}", choice.name, choice.doc.replace('\n', " ")).expect(TAKES);
    }
    param.shape.fields().iter().for_each(|field| parameter(out, &format!("{name}[]."), field));
}

fn write_reading(out: &mut String, reading: &Reading) {
    let Reading { name, doc, unit, per } = reading;
    let per = if *per == Per::Channel { "per channel" } else { "for the node" };
    let unit = if unit.is_empty() { String::new() } else { format!("{unit}, ") };
    writeln!(out, "  {name} ({unit}{per}): {doc}").expect(TAKES);
}

fn first_line(doc: &str) -> &str {
    doc.lines().next().unwrap_or_default()
}

// As data.

fn data_text(data: &Value) -> String {
    format!("{data:#}\n")
}

fn data(declaration: &Declaration) -> Value {
    let port =
        |port: &Port| json!({ "name": port.name, "channels": width_text(port.channels), "optional": port.optional });
    let reading = |reading: &Reading| json!({ "name": reading.name, "doc": reading.doc, "unit": reading.unit, "per_channel": reading.per == Per::Channel });
    json!({
        "type": declaration.kind,
        "doc": declaration.doc,
        "inputs": declaration.inputs.iter().map(port).collect::<Vec<_>>(),
        "outputs": declaration.outputs.iter().map(port).collect::<Vec<_>>(),
        "parameters": declaration.params.iter().map(param_data).collect::<Vec<_>>(),
        "readings": declaration.readings.iter().map(reading).collect::<Vec<_>>(),
        "example": declaration.example_toml(),
    })
}

fn param_data(param: &Param) -> Value {
    let bounds = param.shape.bounds();
    json!({
        "name": param.name,
        "doc": param.doc,
        "value": param.shape.to_string(),
        "min": bounds.and_then(|bounds| bounds.min.clone()),
        "max": bounds.and_then(|bounds| bounds.max.clone()),
        "choices": param.shape.choices().iter().map(|choice| &choice.name).collect::<Vec<_>>(),
        "default": param.default,
        "required": param.required,
        "entries": param.shape.fields().iter().map(param_data).collect::<Vec<_>>(),
        "change": { "law": param.change.law(), "time": param.change.time() },
    })
}
