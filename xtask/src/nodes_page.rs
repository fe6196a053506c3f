//! `docs/nodes.md`: every node type, from its own declaration.

use std::fmt::Write;

use crate::node_pictures;
use patchline_graph::{Channels, Per, Port};
use patchline_nodes::declaration::{Shape, width_text};
use patchline_nodes::{Declaration, Param, PatchNode, Register, register_all};

const INTRODUCTION: &str = "\
<!-- Written by `./x docs` from the declarations in crates/nodes/src. Change those, not this file. -->

# Node types

What `type` in a `[nodes.NAME]` table may be, and which other keys that table then takes. `runner nodes TYPE` shows the
same in a terminal.

Quantities carry their unit: times `\"500 ms\"`, `\"1 s\"`, `\"22050 smp\"`; levels `\"-6 dB\"` or a linear factor;
frequencies `\"1 kHz\"` or a number of Hz. A time without a unit is a mistake, except 0.

The last column says what becomes of a change while the node plays. What glides does so from where it is, over the time
that stands there unless the change brings one of its own (a scene's `over`); *by equal ratios* is as far in decibels or
octaves in each frame, and a straight line where there is no ratio, from or to 0 and where the sign changes. What *starts
the node anew* is heard as a fresh instance that fades in.

Every node with an output, `input` apart, takes `bypass = true`: it is left out, and its input passes in its place, as late
as the node makes it; silence where it has none. It may be changed while the node plays, and fades over 20 ms then.

Every node with an output, `input` apart, also takes `optional = true`: it may be left out while the load is above
`engine.shed` (\"90 %\"), with a fade of 20 ms. Its input then passes unchanged, and silence where it has none.

Every node also takes `on_replace`, for when the patch is changed while it plays and the node is gone or has to start
fresh: with `\"tail\"`, the default, it rings out first, 10 s at most; with `\"cut\"` it fades at once, over `engine.fade`.
";

/// Every node type.
fn declarations() -> Vec<Declaration> {
    let mut declarations = Declarations::default();
    register_all(&mut declarations);
    declarations.0
}

/// What every node type is called.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    declarations().into_iter().map(|node| node.kind)
}

/// Where a node's picture is, below the repository's root.
pub(crate) fn picture_path(kind: &str) -> String {
    format!("docs/figures/node-{kind}.svg")
}

/// The whole page.
///
/// # Errors
/// Where a node has no example.
pub(crate) fn text() -> Result<String, String> {
    let declarations = declarations();
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n| type | inputs | outputs | what it does |\n|---|---|---|---|\n");
    for node in &declarations {
        let (inputs, outputs) = (names(&node.inputs), names(&node.outputs));
        line(
            &mut page,
            &format!("| [`{kind}`](#{kind}) | {inputs} | {outputs} | {} |", summary(node), kind = node.kind),
        );
    }
    declarations.iter().try_for_each(|node| section(&mut page, node))?;
    Ok(page)
}

/// Collects what every type declares.
#[derive(Default)]
struct Declarations(Vec<Declaration>);

impl Register for Declarations {
    fn node<N: PatchNode>(&mut self) {
        self.0.push(Declaration::of::<N>());
    }
}

fn section(page: &mut String, node: &Declaration) -> Result<(), String> {
    line(page, &format!("\n## {}\n\n{}\n", node.kind, node.doc));
    line(page, &format!("```toml\n[nodes.my_{}]\n{}```\n", node.kind, node.example_toml()));
    line(page, "Its ports, as in this example:\n");
    node.inputs.iter().for_each(|port| line(page, &port_line("in", port, "as many channels as reach it")));
    let follow = if node.inputs.is_empty() { "the channels that it picks" } else { "as many channels as come in" };
    node.outputs.iter().for_each(|port| line(page, &port_line("out", port, follow)));
    if !node.params.is_empty() {
        line(page, "\n| parameter | takes | default | meaning | a change |\n|---|---|---|---|---|");
        node.params.iter().for_each(|param| param_rows(page, "", param));
    }
    if !node.readings.is_empty() {
        line(page, "\n| reading | unit | of | meaning |\n|---|---|---|---|");
    }
    for reading in node.readings {
        let of = match reading.per {
            Per::Node => "the node",
            Per::Channel => "each channel",
        };
        line(page, &format!("| `{}` | {} | {of} | {} |", reading.name, reading.unit, cell(reading.doc)));
    }
    example(page, node.kind)
}

/// A whole patch, and what comes of it.
fn example(page: &mut String, kind: &str) -> Result<(), String> {
    let text = node_pictures::example(kind)?;
    let text = text.lines().filter(|line| !line.starts_with("#:schema")).collect::<Vec<_>>().join("\n");
    let caption = node_pictures::caption(kind)?;
    line(
        page,
        &format!(
            "\nA whole patch ([examples/nodes/{kind}.toml](../examples/nodes/{kind}.toml)):\n\n```toml\n{text}\n```\n"
        ),
    );
    line(page, &format!("![{caption}]({})", picture_path(kind).trim_start_matches("docs/")));
    Ok(())
}

fn port_line(side: &str, port: &Port, follow: &str) -> String {
    let optional = if port.optional { "; may stay unlinked" } else { "" };
    let width = match port.channels {
        Channels::Follow => follow.to_owned(),
        exactly @ Channels::Exactly(_) => width_text(exactly),
    };
    format!("- {side}: `{}`, {width}{optional}", port.name)
}

/// A row for the parameter, and one for each field of the tables in it.
fn param_rows(page: &mut String, prefix: &str, param: &Param) {
    let name = format!("{prefix}{}", param.name);
    let default = match &param.default {
        Some(default) => format!("`{default}`"),
        None if param.required => "required".to_owned(),
        None => String::new(),
    };
    let takes = takes(&param.shape);
    line(
        page,
        &format!("| `{name}` | {} | {} | {} | {} |", cell(&takes), cell(&default), cell(&meaning(param)), param.change),
    );
    for field in param.shape.fields() {
        param_rows(page, &format!("{name}[]."), field);
    }
}

fn takes(shape: &Shape) -> String {
    match shape.bounds().and_then(|bounds| bounds.words()) {
        Some(range) => format!("{}, {range}", shape.word()),
        None => shape.word(),
    }
}

/// The parameter's documentation, and that of each of its choices.
fn meaning(param: &Param) -> String {
    let choices = param.shape.choices();
    let choices = choices.iter().filter(|choice| !choice.doc.is_empty());
    let choices = choices.map(|choice| format!(" `\"{}\"`: {}", choice.name, choice.doc));
    format!("{}{}", param.doc, choices.collect::<String>())
}

fn summary(node: &Declaration) -> String {
    cell(node.doc.lines().next().unwrap_or_default())
}

fn names(ports: &[Port]) -> String {
    ports.iter().map(|port| format!("`{}`", port.name)).collect::<Vec<_>>().join(", ")
}

/// Text that fits one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("memory takes every byte");
}
