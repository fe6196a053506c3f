//! `runner check`: accepts patches with a summary, or reports every mistake. Creates no file but the picture that is asked for.

mod cpu;
mod summary;

use std::path::Path;

use patchline_patch::{Checked, Registry};
use serde_json::{Value, json};

use crate::cli::{Assumed, CheckArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::{Trouble, show, shown};
use crate::units::count;
use crate::{document, output, style};

pub(crate) fn run(registry: &Registry, args: &CheckArgs) -> Outcome {
    let assumed = args.assumed;
    let mut data = Vec::new();
    let mut worst = Exit::Ok;
    if args.svg.is_some() && args.patches.len() > 1 {
        return Err(Failure::new(Exit::Usage, "--svg draws one patch: check the others by a call of their own"));
    }
    for path in &args.patches {
        let checked = assumed.check(registry, path, &args.patch_args);
        worst = worse(worst, exit(&checked));
        if !args.json {
            say(path, &checked, &assumed)?;
        }
        let found = cpu::of(&checked, args, path)?;
        if args.json {
            let mut one = as_data(path, &checked, &assumed);
            if let Some(found) = &found {
                one["cpu"] = found.data();
            }
            data.push(one);
        } else if let Some(found) = &found {
            output::print(&found.text())?;
        }
    }
    if args.json {
        let mut document = json!({ "ok": worst == Exit::Ok, "patches": data });
        document::conclude(&mut document, failure(worst).as_ref());
        output::print(&format!("{document:#}\n"))?;
    }
    failure(worst).map_or(Ok(Exit::Ok), Err)
}

/// What it comes to; of each patch everything has been said.
fn failure(worst: Exit) -> Option<Failure> {
    let message = match worst {
        Exit::Ok => return None,
        Exit::Patch => "there are mistakes in a patch",
        _ => "a patch cannot be read",
    };
    Some(Failure::new(worst, message).said())
}

fn exit(checked: &Result<Checked, Trouble>) -> Exit {
    match checked {
        Ok(_) => Exit::Ok,
        Err(Trouble::Mistakes(_)) => Exit::Patch,
        Err(Trouble::File(_)) => Exit::File,
    }
}

/// A bad patch outweighs an unreadable file.
fn worse(a: Exit, b: Exit) -> Exit {
    match (a, b) {
        (Exit::Patch, _) | (_, Exit::Patch) => Exit::Patch,
        (Exit::Ok, other) => other,
        (other, _) => other,
    }
}

fn say(path: &Path, checked: &Result<Checked, Trouble>, assumed: &Assumed) -> Result<(), Failure> {
    match checked {
        Ok(checked) => {
            output::print(&summary::text(path, checked, assumed))?;
            show(&checked.loaded.warnings);
        }
        Err(Trouble::File(message)) => output::tell(&format!("{}: {message}", style::error("error"))),
        Err(Trouble::Mistakes(mistakes)) => {
            show(mistakes);
            let file = path.file_name().map(Path::new).unwrap_or(path);
            let file = style::safe(&file.to_string_lossy(), 40);
            output::tell(&format!("{}: {}", style::error(file), count(mistakes.len(), "mistake")));
        }
    }
    Ok(())
}

fn as_data(path: &Path, checked: &Result<Checked, Trouble>, assumed: &Assumed) -> Value {
    match checked {
        Ok(checked) => summary::data(path, checked, assumed),
        Err(Trouble::File(message)) => json!({ "file": shown(path), "ok": false, "error": message }),
        Err(Trouble::Mistakes(mistakes)) => json!({ "file": shown(path), "ok": false, "mistakes": mistakes }),
    }
}
