//! `runner diff`: what a running patch would keep, change and fade if another one were loaded. Creates no file.

use std::path::Path;

use patchline_graph::StreamSpec;
use patchline_patch::{Checked, Registry};
use serde_json::json;
use tracing::error;

use crate::changes::{Changes, Version};
use crate::cli::DiffArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::load::{Trouble, shown};
use crate::{load, output, style};

pub(crate) fn run(registry: &Registry, args: &DiffArgs) -> Outcome {
    let stdin = Path::new("-");
    if args.old == stdin && args.new == stdin {
        return Err(Failure::new(Exit::Usage, "only one of the two patches can be read from stdin"));
    }
    let assumed = args.assumed;
    // Both begin at the same time, or their recordings would differ.
    let options = load::options(&args.patch_args, None);
    let check = |path| -> Result<Checked, Trouble> {
        let patch = load::read(path, &args.patch_args)?;
        Ok(patch.check(registry, &options, |settings, graph| assumed.stream(settings, graph))?)
    };
    let (after, before) = (check(&args.new), check(&args.old));
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        // Both are told of.
        (Err(one), other) => {
            let failure = Failure::from(one);
            if let (Some(message), Err(_)) = (failure.unsaid(), &other) {
                error!("{message}");
            }
            return Err(other.err().map_or(failure, Failure::from));
        }
        (Ok(_), Err(error)) => return Err(error.into()),
    };
    let changes = changes(registry, &before, &after)?;
    let [old, new] = [&args.old, &args.new].map(|path| shown(path));
    if args.json {
        let mut data = changes.data();
        data["old"] = json!(old);
        data["new"] = json!(new);
        output::print(&format!("{data:#}\n"))?;
    } else if changes.is_empty() {
        output::print(&format!("{old} and {new} play the same\n"))?;
    } else {
        let title = style::strong(format!("{old} -> {new}"));
        output::print(&format!("{title} at {} Hz: {}\n{}", after.stream.rate, changes.line(), changes.text()))?;
    }
    Ok(Exit::Ok)
}

/// On the stream of the new one, with as many channels as either needs.
fn changes(registry: &Registry, before: &Checked, after: &Checked) -> Result<Changes, Failure> {
    let inputs = before.stream.inputs.max(after.stream.inputs);
    let stream = StreamSpec { inputs, outputs: None, ..after.stream.clone() };
    let version = |checked| {
        let Checked { loaded, .. }: &Checked = checked;
        Version { graph: &loaded.graph, loaded }
    };
    let fade = load::fade(&after.loaded.engine, stream.rate);
    let changes = Changes::between(registry, version(before), version(after), (&stream, fade));
    // Each was compiled for a stream of its own already; on this one the old graph may be too wide.
    changes.map_err(|errors| match after.loaded.compile(&stream) {
        Err(mistakes) => Trouble::from(mistakes).into(),
        Ok(_) => Trouble::from(before.loaded.locate(&errors)).into(),
    })
}
