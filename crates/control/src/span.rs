//! Lengths of time, as clients give them.

use std::time::Duration;

use serde_json::Value;

use crate::desk::{Code, Refusal};

/// The longest time that something may take or wait: an hour.
const MOST: f64 = 3600.0;

/// A number of seconds, or a text with a unit: `"200 ms"`, `"2 s"`, `"1 min"`.
pub(crate) fn span(value: &Value) -> Result<Duration, Refusal> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => with_unit(text),
        _ => None,
    };
    let within = seconds.filter(|seconds| (0.0..=MOST).contains(seconds));
    within.map(Duration::from_secs_f64).ok_or_else(|| {
        let words = "a time is a number of seconds or a text like \"200 ms\", \"2 s\" or \"1 min\", from 0 to an hour";
        Refusal::new(Code::Value, words)
    })
}

fn with_unit(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_have_units_or_are_seconds() {
        let check = |value: Value, expected: Option<f64>| {
            assert_eq!(span(&value).ok(), expected.map(Duration::from_secs_f64), "{value}");
        };
        check(json!(0.25), Some(0.25));
        check(json!("200 ms"), Some(0.2));
        check(json!("1.5s"), Some(1.5));
        check(json!("1 min"), Some(60.0));
        for wrong in [
            json!("1e3"),
            json!("5"),
            json!("3 h"),
            json!(-1),
            json!(3601),
            json!("nan s"),
            json!(null),
            json!("inf s"),
        ] {
            check(wrong, None);
        }
    }
}
