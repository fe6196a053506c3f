//! Factors that look as if decibels were meant: `gain = -6`.

use crate::diagnostic::{Code, Diagnostic};
use crate::nodes::NodeEntry;
use crate::parameter::Parameter;
use crate::registry::Registry;

/// From -1, which turns a sound upside down, to +12 dB: beyond, decibels were meant as a rule.
const USUAL: std::ops::RangeInclusive<f64> = -1.0..=4.0;

/// Warns of levels of a node that are plain numbers no factor usually is. `rate`, in Hz, is that of the patch.
pub(crate) fn meant_decibels(node: &NodeEntry, text: &str, registry: &Registry, rate: u32) -> Vec<Diagnostic> {
    let plain = node.values.iter().filter_map(|(path, place)| {
        let written = text.get(place.clone())?;
        Some((path, place, written, written.parse::<f64>().ok()?))
    });
    let mut odd: Vec<_> = plain.filter(|(.., number)| !USUAL.contains(number)).collect();
    if odd.is_empty() {
        return Vec::new();
    }
    let parameters = node.node.as_ref().and_then(|node| registry.parameters(node, rate)).unwrap_or_default();
    odd.retain(|&(path, .., number)| {
        parameters.iter().any(|one| one.path == path && one.kind == "level" && one.number == Some(number))
    });
    let warning = |(path, place, written, number): (&str, &std::ops::Range<usize>, &str, f64)| {
        let (name, db) = (path.rsplit('.').next().unwrap_or(path), 20.0 * number.abs().log10());
        let (inverted, invert) = if number > 0.0 { ("", "") } else { (", inverted", inverting(path, &parameters)) };
        let message = format!("`{name} = {written}` is a factor: {db:+.1} dB{inverted}");
        let help = format!("for decibels write `\"{written} dB\"`; this factor would be `\"{db:+.1} dB\"`{invert}");
        Diagnostic::new(Code::Factor, place.clone(), message).help(help)
    };
    odd.into_iter().map(warning).collect()
}

/// How a level in decibels turns the sound upside down, where the node has a key for it beside the level.
fn inverting(path: &str, parameters: &[Parameter]) -> &'static str {
    let beside = path.rfind('.').map_or("", |end| &path[..=end]);
    let is_there = parameters.iter().any(|one| one.path.strip_prefix(beside) == Some("invert"));
    if is_there { " and `invert = true`" } else { "" }
}
