//! `runner repair`: WAV files that were left unfinished. Changes nothing unless it is told to.

use std::path::Path;

use patchline_nodes::{Cause, Gap, GapList, gap_lists};
use patchline_wav::Repair;
use serde_json::{Value, json};

use crate::cli::RepairArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::load::shown;
use crate::reads::Reads;
use crate::units::{clock, count};
use crate::{document, output, style};

/// Gaps that are shown; all are in the list and in the data.
const MOST_GAPS: usize = 10;

pub(crate) fn run(args: &RepairArgs) -> Outcome {
    if args.output.is_some() && args.files.len() > 1 {
        return Err(Failure::new(Exit::Usage, "-o takes one file: a copy is made of each by a command of its own"));
    }
    if let (Some(to), [path]) = (&args.output, &args.files[..]) {
        let mut reads = Reads::default();
        reads.add(path, "what is read");
        reads.spared_by("-o", to)?;
    }
    let mut data = Vec::new();
    let mut all_whole = true;
    for path in &args.files {
        let done = Done::of(path, args);
        all_whole &= done.is_whole();
        if args.json {
            data.push(done.data(path));
        } else {
            done.say(path)?;
        }
    }
    // Of each file everything has been said.
    let failure = (!all_whole).then(|| Failure::new(Exit::File, "a file is not whole, or cannot be read").said());
    if args.json {
        let mut document = json!({ "ok": all_whole, "files": data });
        document::conclude(&mut document, failure.as_ref());
        output::print(&format!("{document:#}\n"))?;
    }
    failure.map_or(Ok(Exit::Ok), Err)
}

/// What was found, and what was done about it.
struct Done {
    found: Result<Repair, String>,
    /// Where a whole file is now: in place, or a copy.
    written: Option<String>,
    refused: Option<String>,
    lists: Result<Vec<GapList>, String>,
}

impl Done {
    fn of(path: &Path, args: &RepairArgs) -> Self {
        let lists = gap_lists(path).map_err(|error| format!("cannot read the list of gaps: {error}"));
        let found = Repair::examine(path).map_err(|error| error.to_string());
        let mut done = Self { found, written: None, refused: None, lists };
        let Ok(repair) = &done.found else { return done };
        let result = match &args.output {
            Some(to) => repair.copy(to, args.overwrite).map(|()| Some(shown(to))),
            None if args.write && !repair.problems().is_empty() => repair.write().map(|()| Some(shown(path))),
            None => Ok(None),
        };
        match result {
            Ok(written) => done.written = written,
            Err(error) => done.refused = Some(style::safe(&error.to_string(), 300)),
        }
        done
    }

    /// Whether there is a whole file now, and nothing that was asked for failed.
    fn is_whole(&self) -> bool {
        let found = self.found.as_ref().is_ok_and(|repair| repair.problems().is_empty() || self.written.is_some());
        found && self.refused.is_none() && self.lists.is_ok()
    }

    fn say(&self, path: &Path) -> Result<(), Failure> {
        let name = shown(path);
        match &self.found {
            Ok(repair) => output::print(&text(&name, repair, self.written.as_deref(), self.refused.is_some()))?,
            Err(message) => {
                let message = style::safe(message, 300);
                let message = if message.contains(&name) { message } else { format!("{name}: {message}") };
                output::tell(&format!("{}: {message}", style::error("error")));
            }
        }
        for refused in self.refused.iter().chain(self.lists.as_ref().err()) {
            output::tell(&format!("{}: {refused}", style::error("error")));
        }
        if let (Ok(repair), Ok(lists)) = (&self.found, &self.lists) {
            lists.iter().try_for_each(|list| output::print(&missing(list, repair.rate())))?;
        }
        Ok(())
    }

    fn data(&self, path: &Path) -> Value {
        let gaps: Vec<Value> =
            self.lists.iter().flatten().map(|list| json!({ "list": shown(&list.path), "lines": list.lines })).collect();
        let mut data = json!({ "file": shown(path), "ok": self.is_whole(), "written": self.written, "gaps": gaps });
        match &self.found {
            Ok(repair) => {
                let problems: Vec<_> = repair.problems().iter().map(ToString::to_string).collect();
                data["sample_rate"] = json!(repair.rate());
                data["channels"] = json!(repair.channels());
                data["encoding"] = json!(repair.encoding().to_string());
                data["frames"] = json!(repair.frames());
                data["seconds"] = json!(seconds(repair.frames(), repair.rate()));
                data["frames_in_header"] = json!(repair.declared_frames());
                data["problems"] = json!(problems);
                data["being_written"] = json!(repair.is_busy());
                data["fits_in_place"] = json!(repair.fits_in_place());
                data["error"] = json!(self.refused.as_ref().or(self.lists.as_ref().err()));
            }
            Err(message) => data["error"] = json!(message),
        }
        data
    }
}

/// A few lines: the file, what is wrong, and what is or would be done.
fn text(name: &str, repair: &Repair, written: Option<&str>, refused: bool) -> String {
    let (rate, frames) = (repair.rate(), repair.frames());
    let channels = count(usize::from(repair.channels()), "channel");
    let mut out = format!(
        "{}: {}, {:.3} s at {rate} Hz, {channels}, {}",
        style::strong(name),
        count(frames, "frame"),
        seconds(frames, rate),
        repair.encoding()
    );
    if repair.problems().is_empty() {
        out.push_str(&format!(": {}\n", style::good("whole")));
        out.extend(written.map(|to| format!("  copied to {to}\n")));
        return out;
    }
    out.push('\n');
    for problem in repair.problems() {
        out.push_str(&format!("  wrong: {problem}\n"));
    }
    let more = frames.saturating_sub(repair.declared_frames().unwrap_or(0));
    let recovered = if more == 0 {
        String::new()
    } else {
        format!(": {}, {:.3} s", count(more, "more frame"), seconds(more, rate))
    };
    match written {
        Some(to) => out.push_str(&format!("  {} in {to}{recovered}\n", style::good("repaired"))),
        None if refused => {}
        None if repair.is_busy() => out.push_str("  it is being written at the moment: wait until that has ended\n"),
        None if repair.fits_in_place() => out.push_str(&format!("  --write puts it right{recovered}\n")),
        None => out.push_str(&format!("  -o OUT writes a whole copy{recovered}\n")),
    }
    out
}

/// What a list says is missing.
fn missing(list: &GapList, rate: u32) -> String {
    let gaps: Vec<&Gap> = list.gaps().collect();
    let frames: u64 = gaps.iter().map(|gap| gap.frames).sum();
    let all = count(gaps.len(), "gap");
    let mut out = format!("  {all}, {} in all, by {}:\n", count(frames, "frame"), shown(&list.path));
    for gap in gaps.iter().take(MOST_GAPS) {
        let cause = match gap.cause {
            Cause::BufferFull => "no room in `buffer`",
            Cause::Disk => "refused by the disk",
        };
        let (at, frames, time) = (clock(gap.file_frame, rate), count(gap.frames, "frame"), seconds(gap.frames, rate));
        out.push_str(&format!("    at {at}, frame {}: {frames}, {time:.3} s, {cause}\n", gap.file_frame));
    }
    if gaps.len() > MOST_GAPS {
        out.push_str(&format!("    and {} more\n", gaps.len() - MOST_GAPS));
    }
    out
}

fn seconds(frames: u64, rate: u32) -> f64 {
    frames as f64 / f64::from(rate)
}
