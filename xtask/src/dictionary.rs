//! The words that patches are made of, for the fuzzer of the patch reader: read from the schema that editors use.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

/// What no schema names: the marks of TOML and of links, quantities, and values that have hurt readers before.
const BESIDE: &[&str] = &[
    " = ",
    "[",
    "]",
    "[[",
    "]]",
    "{ ",
    " }",
    ", ",
    "#",
    "\n",
    "\r\n",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    " -> ",
    " ~> ",
    "[nodes.",
    "[0]",
    "[0..2]",
    "..",
    "true",
    "false",
    "nan",
    "inf",
    "-inf",
    "-0.0",
    "1e308",
    "1e-308",
    "9223372036854775807",
    "0x10",
    "1_0",
    " ms",
    " s",
    " smp",
    " dB",
    " Hz",
    " kHz",
    " MiB",
    " GiB",
    " %",
    "in.wav",
    "{seq:04}",
    "{date}",
    "{time}",
    "../",
    "\\u0000",
    "\\U0010ffff",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{feff}",
    "2026-01-31",
];

/// The dictionary, as libFuzzer reads it.
pub(crate) fn text() -> String {
    let schema = patchline_patch::schema(&patchline_patch::Registry::standard());
    let mut words: BTreeSet<String> = BESIDE.iter().map(|word| (*word).to_owned()).collect();
    collect(&schema, &mut words);
    let mut text = String::from("# Written by ./x docs.\n");
    for word in words {
        let _ = writeln!(text, "\"{}\"", escaped(&word));
    }
    text
}

/// Every key and every text that may be chosen.
fn collect(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, words)),
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                words.extend(properties.keys().cloned());
            }
            let choices = object.get("enum").and_then(Value::as_array).into_iter().flatten();
            words.extend(choices.chain(object.get("const")).filter_map(Value::as_str).map(str::to_owned));
            let bounds = ["x-min", "x-max", "default"].into_iter().filter_map(|key| object.get(key)?.as_str());
            words.extend(bounds.map(str::to_owned));
            object.values().for_each(|value| collect(value, words));
        }
        _ => {}
    }
}

/// With all but plain ASCII as bytes in hexadecimal.
fn escaped(word: &str) -> String {
    word.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => _ = write!(text, "\\x{byte:02x}"),
        }
        text
    })
}
