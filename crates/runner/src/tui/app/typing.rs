//! A value on its way from the keyboard.

use serde_json::Value;

/// Characters that a value may have.
const LONGEST: usize = 200;

/// The text so far; the cursor stands at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Typing {
    pub(in super::super) text: String,
}

impl Typing {
    /// Begins with what there is.
    pub(super) fn from(value: &Value) -> Self {
        Self { text: shown(value) }
    }

    pub(super) fn push(&mut self, c: char) {
        if self.text.chars().count() < LONGEST && !c.is_control() {
            self.text.push(c);
        }
    }

    pub(super) fn pop(&mut self) {
        self.text.pop();
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    /// The value: a number, true or false, a list, or a text that needs no quotes.
    pub(super) fn value(&self) -> Value {
        let text = self.text.trim();
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
    }
}

/// A value as one types it.
pub(in super::super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_needs_no_quotes() {
        for (text, value) in [
            ("-6 dB", json!("-6 dB")),
            ("0.5", json!(0.5)),
            ("true", json!(true)),
            (" gate ", json!("gate")),
            ("[0, 1]", json!([0, 1])),
            ("[0,", json!("[0,")),
        ] {
            let mut typing = Typing::default();
            text.chars().for_each(|c| typing.push(c));
            assert_eq!(typing.value(), value, "{text}");
        }
    }

    #[test]
    fn a_text_ends_somewhere() {
        let mut typing = Typing::from(&json!("500 ms"));
        typing.pop();
        typing.push('\u{1b}');
        assert_eq!(typing.text, "500 m");
        (0..1000).for_each(|_| typing.push('x'));
        assert_eq!(typing.text.chars().count(), LONGEST);
        typing.clear();
        assert_eq!(typing.value(), json!(""));
    }
}
