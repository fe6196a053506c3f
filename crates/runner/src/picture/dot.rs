//! The graph in Graphviz's language.

use std::fmt::Write;

use super::{label, subtitle};
use crate::overview::Overview;

/// A digraph from left to right; feedback links are dashed and do not order the nodes.
pub(crate) fn dot(name: &str, overview: &Overview) -> String {
    let mut out = format!("digraph {} {{\n", quoted(name));
    out.push_str("  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=sans];\n");
    out.push_str("  edge [fontname=sans, fontsize=10];\n");
    for node in &overview.nodes {
        let text = quoted(&format!("{}\n{}", node.name, subtitle(node)));
        let fill = if node.device { ", fillcolor=\"#dbe9f6\"" } else { "" };
        line(&mut out, format_args!("  {} [label={text}{fill}];", quoted(&node.name)));
    }
    for link in &overview.links {
        let (from, to) = (quoted(&overview.nodes[link.from].name), quoted(&overview.nodes[link.to].name));
        let dashed = if link.feedback { ", style=dashed, constraint=false" } else { "" };
        line(&mut out, format_args!("  {from} -> {to} [label={}{dashed}];", quoted(&label(link))));
    }
    out.push_str("}\n");
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes every text");
}

/// A quoted identifier; a line break becomes `\n`.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
