//! The graph in Mermaid's language, for Markdown.

use std::fmt::Write;

use super::{label, subtitle};
use crate::overview::Overview;

/// A flowchart from left to right; feedback links are dotted. Nodes are numbered: a name may be one of Mermaid's words.
pub(crate) fn mermaid(overview: &Overview) -> String {
    let mut out = String::from("flowchart LR\n");
    for (index, node) in overview.nodes.iter().enumerate() {
        let (open, close) = if node.device { ("([", "])") } else { ("[", "]") };
        let text = format!("{}<br/><small>{}</small>", node.name, subtitle(node));
        writeln!(out, "  n{index}{open}\"{text}\"{close}").expect("a string takes every text");
    }
    for link in &overview.links {
        let arrow = if link.feedback { "-.->" } else { "-->" };
        let text = label(link);
        writeln!(out, "  n{} {arrow}|\"{text}\"| n{}", link.from, link.to).expect("a string takes every text");
    }
    out
}
