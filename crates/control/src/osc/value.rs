//! Values on their way to and from OSC arguments.

use std::time::Duration;

use rosc::{OscArray, OscType};
use serde_json::{Number, Value};

use crate::desk::Refusal;
use crate::span;

/// An argument as a value.
pub(crate) fn value_of(argument: &OscType) -> Result<Value, Refusal> {
    match argument {
        OscType::Int(number) => Ok(Value::from(*number)),
        OscType::Long(number) => Ok(Value::from(*number)),
        // By its shortest digits: 0.1, not 0.10000000149011612.
        OscType::Float(number) => number_of(number.to_string().parse().unwrap_or(f64::NAN)),
        OscType::Double(number) => number_of(*number),
        OscType::Bool(on) => Ok(Value::Bool(*on)),
        OscType::String(text) => Ok(Value::String(text.clone())),
        OscType::Array(list) => list.content.iter().map(value_of).collect::<Result<_, _>>().map(Value::Array),
        other => Err(Refusal::malformed(format!("{} is no value: numbers, T, F and strings are", kind(other)))),
    }
}

fn number_of(number: f64) -> Result<Value, Refusal> {
    let number = Number::from_f64(number).ok_or_else(|| Refusal::malformed("a number is finite"))?;
    Ok(Value::Number(number))
}

/// A value as arguments: one, or those of a list one by one.
pub(crate) fn arguments(value: &Value) -> Vec<OscType> {
    match value {
        Value::Array(list) => list.iter().map(argument).collect(),
        value => vec![argument(value)],
    }
}

fn argument(value: &Value) -> OscType {
    match value {
        Value::Null => OscType::Nil,
        Value::Bool(on) => OscType::Bool(*on),
        Value::Number(number) => {
            let whole = number.as_i64().and_then(|number| i32::try_from(number).ok());
            whole.map_or_else(|| OscType::Float(number.as_f64().unwrap_or(f64::NAN) as f32), OscType::Int)
        }
        Value::String(text) => text_of(text),
        Value::Array(list) => OscType::Array(OscArray { content: list.iter().map(argument).collect() }),
        Value::Object(_) => text_of(&value.to_string()),
    }
}

/// A text; one with a NUL would end there.
pub(crate) fn text_of(text: &str) -> OscType {
    OscType::String(text.replace('\0', "␀"))
}

/// A time in seconds.
pub(crate) fn seconds(argument: &OscType) -> Result<Duration, Refusal> {
    span::span(&value_of(argument)?)
}

/// An argument as text.
pub(crate) fn text(argument: Option<&OscType>, what: &str) -> Result<String, Refusal> {
    match argument {
        Some(OscType::String(text)) => Ok(text.clone()),
        _ => Err(Refusal::malformed(format!("{what} is missing: a string"))),
    }
}

/// An argument as a number.
pub(crate) fn number(argument: &OscType, what: &str) -> Result<f64, Refusal> {
    let number = value_of(argument)?.as_f64();
    number.ok_or_else(|| Refusal::malformed(format!("{what} is a number")))
}

fn kind(argument: &OscType) -> &'static str {
    match argument {
        OscType::Blob(_) => "a blob",
        OscType::Time(_) => "a time tag",
        OscType::Char(_) => "a character",
        OscType::Color(_) => "a colour",
        OscType::Midi(_) => "a MIDI message",
        OscType::Nil => "nil",
        OscType::Inf => "an impulse",
        _ => "this",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_survive_the_way_out_and_in_again() {
        for value in [json!(0.1), json!(-3), json!(true), json!("-6 dB"), json!(1e30)] {
            let arguments = arguments(&value);
            assert_eq!(value_of(&arguments[0]).unwrap(), value, "{arguments:?}");
        }
        assert_eq!(arguments(&json!([1, 2.5])), [OscType::Int(1), OscType::Float(2.5)]);
        assert_eq!(value_of(&OscType::Float(0.1)).unwrap(), json!(0.1));
    }

    #[test]
    fn what_is_no_value_is_refused_in_words() {
        let refused = |argument| value_of(&argument).unwrap_err().message;
        assert!(refused(OscType::Float(f32::NAN)).contains("finite"));
        assert!(refused(OscType::Double(f64::INFINITY)).contains("finite"));
        assert!(refused(OscType::Blob(vec![1])).contains("a blob is no value"));
        assert!(seconds(&OscType::Float(-1.0)).is_err());
        assert_eq!(seconds(&OscType::Float(0.2)).unwrap(), Duration::from_millis(200));
    }
}
