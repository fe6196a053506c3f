//! JSON over WebSocket: what messages mean, and what is answered.

mod request;
mod watcher;

pub(crate) use request::{Asked, Bad, LONGEST, hello, read};
pub(crate) use watcher::Watcher;

use serde_json::{Value, json};

use crate::desk::Refusal;

/// The number of this protocol: it is raised when something changes that clients know.
pub(crate) const PROTOCOL: u32 = 1;

/// An answer to a request that was done.
pub(crate) fn done(id: &Value, result: Value) -> String {
    json!({ "id": id, "ok": true, "result": result }).to_string()
}

/// An answer to one that was not.
pub(crate) fn refused(id: &Value, refusal: &Refusal) -> String {
    let mut error = refusal.details.clone();
    error.insert("code".to_owned(), json!(refusal.code));
    error.insert("message".to_owned(), json!(refusal.words()));
    json!({ "id": id, "ok": false, "error": error }).to_string()
}

/// What a client is told first.
pub(crate) fn welcome() -> String {
    json!({ "event": "welcome", "protocol": PROTOCOL, "version": env!("CARGO_PKG_VERSION") }).to_string()
}
