//! Values as a patch writes them.

use serde_json::Value;

/// A value as TOML on one line; `None` for null.
pub(super) fn of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", join(items.iter().filter_map(of))),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Some(format!("{name} = {}", of(value)?));
            format!("{{ {} }}", join(fields.iter().filter_map(field)))
        }
    })
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// JSON's escapes are TOML's, but for the DEL character.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string().replace('\u{7f}', "\\u007F")
}
