//! The messages in docs/control.md, as they stand there.

use serde_json::{Value, json};

use crate::support::{Served, TOKEN, Web};

/// Whether what is told has all that is documented; frames are what they are.
fn has(told: &Value, documented: &Value) -> bool {
    match (told, documented) {
        (Value::Object(told), Value::Object(documented)) => documented.iter().all(|(key, value)| {
            let of_run = ["frame", "frames"].contains(&key.as_str());
            told.get(key).is_some_and(|told| of_run && told.is_u64() || has(told, value))
        }),
        (Value::Array(told), Value::Array(documented)) => {
            documented.iter().all(|value| told.iter().any(|told| has(told, value)))
        }
        (told, documented) => told == documented,
    }
}

#[test]
fn every_message_is_answered_as_it_is_documented() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/control.md")).unwrap();
    let served = Served::new();
    let mut web = Web::connect(&served, "").unwrap();
    let (mut sent, mut told) = (0, 0);
    for line in text.lines() {
        if let Some(message) = line.strip_prefix("→ ") {
            web.send(&message.parse().unwrap());
            sent += 1;
        } else if let Some(documented) = line.strip_prefix("← ") {
            let documented: Value = documented.parse().unwrap();
            // Readings and changes come in between.
            let same =
                |next: &Value| next.get("event") == documented.get("event") && next.get("id") == documented.get("id");
            let next = std::iter::repeat_with(|| web.next()).find(same).unwrap();
            assert!(has(&next, &documented), "{next}\nis not as documented:\n{documented}");
            told += 1;
        }
    }
    assert!(sent >= 15 && told >= 15, "{sent} sent, {told} told");
    assert!(text.contains(TOKEN) && !has(&json!({ "a": 1 }), &json!({ "a": 2 })));
}
