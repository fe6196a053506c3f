//! Text as a request: bounded before anything is made of it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::desk::Refusal;

/// The longest message: one that has a patch.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// The longest of all others.
const LONG: usize = 64 * 1024;
/// The longest `id`.
const LONGEST_ID: usize = 64;
/// Parameters in one request.
const MOST_NAMES: usize = 1000;

/// A request and what it is answered under.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) id: Value,
    pub(crate) request: Request,
}

/// What a message may ask for: its `do`, and the keys that go with it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    Ping {},
    List {},
    Get {
        parameters: Names,
    },
    Set {
        values: Map<String, Value>,
        over: Option<Value>,
        frame: Option<u64>,
    },
    Ramp {
        values: Map<String, Value>,
        over: Value,
        frame: Option<u64>,
    },
    Subscribe {
        readings: Option<Names>,
        rate: Option<f64>,
        changes: Option<bool>,
        events: Option<bool>,
    },
    Unsubscribe {},
    Scenes {},
    Scene {
        name: String,
        over: Option<Value>,
    },
    Stats {},
    Load {
        patch: String,
    },
    Check {
        patch: String,
    },
    Patch {},
    Graph {},
    Flight {},
    /// After the first message there is nothing to show.
    Hello {
        token: String,
    },
}

/// One name or several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a name, or a list of names")]
pub(crate) enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    pub(crate) fn list(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

/// A message that is none, and what it is answered under as far as that is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bad {
    pub(crate) id: Value,
    pub(crate) refusal: Box<Refusal>,
}

impl Bad {
    /// That a message is no text.
    pub(crate) fn text_only() -> Self {
        bad(Value::Null, "a message is text, not binary")
    }
}

/// Reads a message.
pub(crate) fn read(text: &str) -> Result<Asked, Bad> {
    if text.len() > LONG { read_long(text) } else { read_short(text) }
}

fn read_short(text: &str) -> Result<Asked, Bad> {
    let mut object: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| bad(Value::Null, format!("a message is a JSON object: {}", first_words(&error))))?;
    let id = object.remove("id").unwrap_or_default();
    check_id(&id).map_err(|words| bad(Value::Null, words))?;
    if !object.contains_key("do") {
        return Err(bad(id, "`do` is missing: what shall be done"));
    }
    let request =
        serde_json::from_value(Value::Object(object)).map_err(|error| bad(id.clone(), first_words(&error)))?;
    check_request(&request).map_err(|words| bad(id.clone(), words))?;
    Ok(Asked { id, request })
}

/// A long message has a patch: nothing is made of others, which may hold anything.
fn read_long(text: &str) -> Result<Asked, Bad> {
    #[derive(Deserialize)]
    struct Long {
        #[serde(default)]
        id: Value,
        r#do: Only,
        patch: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Only {
        Load,
        Check,
    }
    let long = || bad(Value::Null, format!("a message has at most {LONG} bytes, one with a patch {LONGEST}"));
    let Long { id, r#do, patch } = serde_json::from_str(text).map_err(|_| long())?;
    check_id(&id).map_err(|words| bad(Value::Null, words))?;
    let request = match r#do {
        Only::Load => Request::Load { patch },
        Only::Check => Request::Check { patch },
    };
    Ok(Asked { id, request })
}

/// The token of a first message that shows one.
pub(crate) fn hello(text: &str) -> Option<String> {
    match read(text).ok()?.request {
        Request::Hello { token } => Some(token),
        _ => None,
    }
}

fn check_id(id: &Value) -> Result<(), String> {
    match id {
        Value::Null | Value::Number(_) => Ok(()),
        Value::String(text) if text.len() <= LONGEST_ID => Ok(()),
        _ => Err(format!("`id` is a number, or a text of at most {LONGEST_ID} characters")),
    }
}

fn check_request(request: &Request) -> Result<(), String> {
    let count = match request {
        Request::Set { values, .. } | Request::Ramp { values, .. } => values.len(),
        Request::Get { parameters: Names::Many(names) } => names.len(),
        Request::Subscribe { readings: Some(Names::Many(names)), .. } => names.len(),
        _ => 1,
    };
    match count {
        0 => Err("no parameter is named".to_owned()),
        count if count > MOST_NAMES => Err(format!("a message names at most {MOST_NAMES} parameters")),
        _ => Ok(()),
    }
}

fn bad(id: Value, words: impl Into<String>) -> Bad {
    Bad { id, refusal: Box::new(Refusal::malformed(words)) }
}

/// What the parser says, short: it repeats what it was given.
fn first_words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let printable: String = words.chars().take(200).flat_map(char::escape_debug).collect();
    if printable.len() < words.len() { printable + " …" } else { printable }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(text: &str, part: &str) -> Value {
        let Bad { id, refusal } = read(text).unwrap_err();
        assert!(refusal.message.contains(part), "{text:.60}: {}", refusal.message);
        assert!(refusal.message.len() < 300 && !refusal.message.contains(char::is_control));
        id
    }

    #[test]
    fn what_is_no_request_is_refused_in_words_under_its_id() {
        refused("", "a JSON object");
        refused("[]", "a JSON object");
        refused(&"[".repeat(60_000), "a JSON object");
        assert_eq!(refused(r#"{"id": 3}"#, "`do` is missing"), json!(3));
        assert_eq!(refused(r#"{"id": "a", "do": "fly"}"#, "unknown variant `fly`"), json!("a"));
        refused(r#"{"do": "list", "now": true}"#, "unknown field `now`");
        refused(r#"{"do": "set"}"#, "missing field `values`");
        refused(r#"{"do": "set", "values": {}}"#, "no parameter");
        refused(r#"{"do": "get", "parameters": 3}"#, "a name, or a list of names");
        assert_eq!(refused(r#"{"id": {"a": 1}, "do": "list"}"#, "`id` is"), Value::Null);
        let long = format!(r#"{{"id": 1, "do": "set", "values": {{"a.b": "{}"}}}}"#, "x".repeat(LONG));
        refused(&long, "at most 65536 bytes");
        refused(&format!(r#"{{"do": "\u0007{}"}}"#, "y".repeat(1000)), "unknown variant");
        let many: Vec<String> = (0..=MOST_NAMES).map(|n| format!("a.b{n}")).collect();
        refused(&json!({ "do": "get", "parameters": many }).to_string(), "at most 1000");
    }

    #[test]
    fn only_patches_may_be_long() {
        let patch = "x".repeat(900_000);
        let long =
            |what: &str| read(&json!({ "id": 7, "do": what, "patch": patch }).to_string()).map(|asked| asked.request);
        assert_eq!(long("load").unwrap(), Request::Load { patch: patch.clone() });
        assert_eq!(long("check").unwrap(), Request::Check { patch: patch.clone() });
        assert!(long("patch").is_err());
    }
}
