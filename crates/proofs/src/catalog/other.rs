//! Other parameters of a node, whatever they are.

use std::path::Path;

use patchline_nodes::{Frequency, Level, PatchNode, Time};
use serde_json::Value;

use super::resolved;

/// Other parameters that need no new processor: every value changed that can be.
pub fn other<N: PatchNode>(node: &N, folder: &Path) -> N {
    let mut fields = serde_json::to_value(node).expect("parameters are plain data");
    let keys: Vec<String> = fields.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
    let mut best = node.clone();
    for key in keys {
        let before = fields[&key].clone();
        fields[&key] = changed(&before);
        let read = serde_json::from_value(fields.clone()).ok().and_then(|node| resolved::<N>(node, folder));
        match read.filter(|changed| !changed.rebuilds(node) && changed.ports() == node.ports()) {
            Some(changed) => best = changed,
            None => fields[&key] = before,
        }
    }
    best
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => Value::Bool(!flag),
        Value::Number(number) => (number.as_f64().unwrap_or(0.0) * 0.5).into(),
        Value::String(text) => changed_text(text).unwrap_or_else(|| text.clone()).into(),
        Value::Array(entries) => entries.iter().map(changed).collect(),
        Value::Object(fields) => {
            let keep = |key: &str| matches!(key, "from" | "to");
            let changed = fields.iter().map(|(k, v)| (k.clone(), if keep(k) { v.clone() } else { changed(v) }));
            Value::Object(changed.collect())
        }
        Value::Null => Value::Null,
    }
}

fn changed_text(text: &str) -> Option<String> {
    let time = text.parse().ok().map(|time| match time {
        Time::Seconds(seconds) => Time::Seconds(seconds * 0.5).to_string(),
        Time::Frames(frames) => Time::Frames(frames / 2).to_string(),
    });
    let level = || text.parse().ok().and_then(|level: Level| Level::new(level.linear_f64() * 0.5).ok());
    let frequency = || text.parse().ok().and_then(|frequency: Frequency| Frequency::new(frequency.hz() * 1.5).ok());
    time.or_else(|| Some(level()?.to_string())).or_else(|| Some(frequency()?.to_string()))
}
