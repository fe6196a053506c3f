//! Other parameters of a node, whatever they are.

use std::path::Path;

use patchline_nodes::{Frequency, Level, PatchNode, Time};
use serde_json::Value;

use super::resolved;

/// Other parameters that need no new processor: every value changed that can be.
pub fn other<N: PatchNode>(node: &N, folder: &Path) -> N {
    changed(node, folder, || 0.5, |changed| !changed.rebuilds(node))
}

/// Random parameters with the same ports; the same for the same seed.
pub fn random<N: PatchNode>(node: &N, folder: &Path, seed: u64) -> N {
    let mut state = seed;
    // Knuth's linear congruential generator (MMIX): its upper bits are between 0 and 1.
    let factor = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1.6 * (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    changed(node, folder, factor, |_| true)
}

/// The node with every value times a factor that gives parameters which are right and wanted.
fn changed<N: PatchNode>(node: &N, folder: &Path, mut factor: impl FnMut() -> f64, wanted: impl Fn(&N) -> bool) -> N {
    let mut fields = serde_json::to_value(node).expect("parameters are plain data");
    let keys: Vec<String> = fields.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
    let mut best = node.clone();
    for key in keys {
        let before = fields[&key].clone();
        fields[&key] = times(&before, &mut factor);
        let read = serde_json::from_value(fields.clone()).ok().and_then(|node| resolved::<N>(node, folder));
        match read.filter(|changed| wanted(changed) && changed.ports() == node.ports()) {
            Some(changed) => best = changed,
            None => fields[&key] = before,
        }
    }
    best
}

fn times(value: &Value, factor: &mut impl FnMut() -> f64) -> Value {
    match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Number(number) => (number.as_f64().unwrap_or(0.0) * factor()).into(),
        Value::String(text) => text_times(text, factor()).unwrap_or_else(|| text.clone()).into(),
        Value::Array(entries) => entries.iter().map(|entry| times(entry, factor)).collect(),
        Value::Object(fields) => {
            let mut changed = |key: &str, value: &Value| match key {
                "from" | "to" => value.clone(),
                _ => times(value, factor),
            };
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), changed(key, value))).collect())
        }
        Value::Null => Value::Null,
    }
}

fn text_times(text: &str, factor: f64) -> Option<String> {
    let time = text.parse().ok().map(|time| match time {
        Time::Seconds(seconds) => Time::Seconds(seconds * factor).to_string(),
        Time::Frames(frames) => Time::Frames((frames as f64 * factor) as u64).to_string(),
    });
    let level = || text.parse().ok().and_then(|level: Level| Level::new(level.linear_f64() * factor).ok());
    let frequency =
        || text.parse().ok().and_then(|frequency: Frequency| Frequency::new(frequency.hz() * 3.0 * factor).ok());
    time.or_else(|| Some(level()?.to_string())).or_else(|| Some(frequency()?.to_string()))
}
