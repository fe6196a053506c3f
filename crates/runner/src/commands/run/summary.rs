//! What a live run came to.

use serde_json::{Value, json};

use super::capture::Kept;
use crate::cli::RunArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::live::Done;
use crate::{document, output, style};

/// Tells of a run: of its last stretch, and of those `before` it at other rates.
pub(super) fn tell(args: &RunArgs, name: &str, before: &[Done], last: &Done, capture: Option<Kept>) -> Outcome {
    let (kept, lost) = capture.map_or((None, None), |kept| (Some(kept.data), kept.failure));
    let failure = failure(before, last).or(lost);
    let told = match args.json {
        true => format!("{}\n", data(name, before, last, kept, failure.as_ref())),
        false => text(name, before, last),
    };
    output::print(&told)?;
    failure.map_or(Ok(Exit::Ok), Err)
}

/// The last one's, unless only an earlier one has something to say.
fn failure(before: &[Done], last: &Done) -> Option<Failure> {
    [last].into_iter().chain(before).find_map(Done::failure)
}

fn text(name: &str, before: &[Done], last: &Done) -> String {
    let stretch = |done: &Done| format!("{}: {}\n{}", style::strong(name), done.length(), done.text());
    before.iter().chain([last]).map(stretch).collect::<Vec<_>>().join("\n")
}

/// The last stretch, with the earlier ones in `before`.
fn data(name: &str, before: &[Done], last: &Done, capture: Option<Value>, failure: Option<&Failure>) -> Value {
    let mut data = last.data();
    data["patch"] = json!(name);
    if let Some(capture) = capture {
        data["capture"] = capture;
    }
    document::conclude(&mut data, failure);
    data["before"] = before.iter().map(Done::data).collect();
    data
}
