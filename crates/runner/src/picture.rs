//! Pictures of a graph: Graphviz, Mermaid and SVG, all from the same [`Overview`].

mod dot;
mod mermaid;
mod svg;

pub(crate) use dot::dot;
pub(crate) use mermaid::mermaid;
pub(crate) use svg::svg;

use crate::meter::signed;
use crate::overview::{LinkView, NodeView};

/// What stands on an arrow: `2 ch`, `open → record`, `[0] 1 ch`, `2 ch · -12.3 dBFS`.
fn label(link: &LinkView) -> String {
    let level = match link.peak_dbfs {
        None => String::new(),
        Some(f64::NEG_INFINITY) => " · silent".to_owned(),
        Some(peak) => format!(" · {} dBFS", signed(peak)),
    };
    let channels = format!("{} ch{level}", link.channels);
    match &link.ends {
        (None, None) => channels,
        (Some(from), None) => format!("{from} · {channels}"),
        (None, Some(to)) => format!("→ {to} · {channels}"),
        (Some(from), Some(to)) => format!("{from} → {to} · {channels}"),
    }
}

/// What stands below a node's name: its type, and its latency if it has any.
fn subtitle(node: &NodeView) -> String {
    match node.latency_frames {
        0 => node.kind.to_owned(),
        frames => format!("{} · {frames} smp late", node.kind),
    }
}
