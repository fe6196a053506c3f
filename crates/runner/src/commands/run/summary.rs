//! What a live run came to.

use serde_json::{Value, json};

use crate::cli::RunArgs;
use crate::exit::{Exit, Outcome};
use crate::live::Done;
use crate::{output, style};

/// Tells of a run: of its last stretch, and of those `before` it at other rates.
pub(super) fn tell(args: &RunArgs, name: &str, before: &[Done], last: &Done) -> Outcome {
    output::print(&if args.json { format!("{}\n", data(name, before, last)) } else { text(name, before, last) })?;
    Ok(exit(before, last))
}

/// The last one's, unless only an earlier one has something to say.
fn exit(before: &[Done], last: &Done) -> Exit {
    let mut exits = [last].into_iter().chain(before).map(Done::exit);
    exits.find(|exit| *exit != Exit::Ok).unwrap_or(Exit::Ok)
}

fn text(name: &str, before: &[Done], last: &Done) -> String {
    let stretch = |done: &Done| format!("{}: {}\n{}", style::strong(name), done.length(), done.text());
    before.iter().chain([last]).map(stretch).collect::<Vec<_>>().join("\n")
}

/// The last stretch, with the earlier ones in `before`. What a device counts, it counts over all of them.
fn data(name: &str, before: &[Done], last: &Done) -> Value {
    let mut data = last.data();
    data["patch"] = json!(name);
    data["exit"] = json!(exit(before, last) as u8);
    data["before"] = before.iter().map(Done::data).collect();
    data
}
