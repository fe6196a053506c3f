//! What programs get: with `--json`, one JSON document in every outcome, and `error` in it where one went wrong.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output;

/// How results are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// One document on stdout.
    Document,
    /// One document on stderr: samples go to stdout.
    Aside,
    /// JSON Lines on stdout: a document in each line.
    Lines,
}

static FORM: AtomicU8 = AtomicU8::new(Form::Text as u8);
/// Whether the one document is written.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Says how the results of this process are wanted; nothing is written yet.
pub(crate) fn want(form: Form) {
    FORM.store(form as u8, Ordering::Relaxed);
    WRITTEN.store(false, Ordering::Relaxed);
}

/// Notes that a result is being written.
pub(crate) fn begun() {
    WRITTEN.store(true, Ordering::Relaxed);
}

/// Notes that what was written says already how it ended.
pub(crate) fn concluded() {
    FORM.store(Form::Text as u8, Ordering::Relaxed);
}

/// Writes the document of a failure, where one is wanted and none was written; a line of its own among lines.
pub(crate) fn fail(failure: &Failure) {
    let form = FORM.load(Ordering::Relaxed);
    let written = WRITTEN.swap(true, Ordering::Relaxed);
    let document = || {
        let mut document = json!({});
        conclude(&mut document, Some(failure));
        format!("{document}\n")
    };
    match form {
        form if form == Form::Lines as u8 || (form == Form::Document as u8 && !written) => {
            // There is nobody to tell when that fails.
            let _ = output::print(&document());
        }
        form if form == Form::Aside as u8 && !written => output::tell(document().trim_end()),
        _ => {}
    }
}

/// Puts into a document how it ended.
pub(crate) fn conclude(document: &mut Value, failure: Option<&Failure>) {
    document["exit"] = json!(failure.map_or(Exit::Ok, |failure| failure.exit) as u8);
    document["error"] = failure.map_or(Value::Null, error);
}

/// What went wrong: `{ "code": "device", "message": …, and what more is known }`.
fn error(failure: &Failure) -> Value {
    let mut error = json!({ "code": failure.exit.code(), "message": failure.message });
    for (key, value) in &failure.details {
        error[key.as_str()] = value.clone();
    }
    error
}

/// The form that a command line wants which could not be read.
pub(crate) fn of_unreadable(args: &[OsString]) -> Form {
    let options = args.iter().take_while(|arg| *arg != "--");
    if options.into_iter().any(|arg| arg == "--json") { Form::Document } else { Form::Text }
}

/// How an end that was forced is told; from any thread.
pub(crate) fn forced() {
    fail(&Failure::new(Exit::Interrupted, "a second Ctrl-C forced the end"));
}
