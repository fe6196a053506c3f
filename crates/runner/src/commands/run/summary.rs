//! What a live run came to.

use patchline_control::ControlStats;
use serde_json::{Value, json};

use super::capture::Kept;
use crate::cli::RunArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::live::Done;
use crate::units::count;
use crate::{document, output, style};

/// Tells of a run: of its last stretch, and of those `before` it at other rates.
pub(super) fn tell(
    args: &RunArgs,
    name: &str,
    (before, last): (&[Done], &Done),
    capture: Option<Kept>,
    remote: Option<ControlStats>,
) -> Outcome {
    let (kept, lost) = capture.map_or((None, None), |kept| (Some(kept.data), kept.failure));
    let failure = failure(before, last).or(lost);
    match args.json {
        true => output::print(&format!("{}\n", data(name, (before, last), (kept, remote), failure.as_ref())))?,
        false => output::report(&(text(name, before, last) + &remote.map(controlled).unwrap_or_default()))?,
    }
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

/// What clients did, and what of it was not: `controlled by 12 messages, 1 refused; 3 malformed, 0 over the rate`.
fn controlled(stats: ControlStats) -> String {
    let ControlStats { messages, refused, malformed, over_rate, late, connections_refused, clients_dropped, .. } =
        stats;
    let mut line = format!("controlled by {}", count(messages as usize, "message"));
    let beside = [
        (refused, "refused"),
        (malformed, "malformed"),
        (over_rate, "too many in a second"),
        (late, "late"),
        (connections_refused, "connections refused"),
        (clients_dropped, "clients sent away"),
    ];
    for (number, what) in beside.into_iter().filter(|(number, _)| *number > 0) {
        line += &format!(", {number} {what}");
    }
    line + "\n"
}

/// The last stretch, with the earlier ones in `before`.
fn data(
    name: &str,
    (before, last): (&[Done], &Done),
    (capture, remote): (Option<Value>, Option<ControlStats>),
    failure: Option<&Failure>,
) -> Value {
    let mut data = last.data();
    data["patch"] = json!(name);
    if let Some(capture) = capture {
        data["capture"] = capture;
    }
    if let Some(remote) = remote {
        data["control"] = Value::Object(remote.data());
    }
    document::conclude(&mut data, failure);
    data["before"] = before.iter().map(Done::data).collect();
    data
}
