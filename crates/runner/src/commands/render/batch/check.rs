//! Everything that stands in the way of many renders, found before anything is written and said in one message.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use patchline_nodes::{FileSink, FileSource, PatchNode};
use patchline_patch::Loaded;

use super::Batch;
use super::plan::Job;
use crate::cli::has_placeholder;
use crate::commands::render::pictures;
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::reads::Reads;
use crate::units::count;
use crate::{files, load, overview};

/// Problems that are named.
const NAMED: usize = 20;

/// # Errors
/// A patch with mistakes, outputs that are there already or would replace each other or an input, recorders that would
/// write one file for many inputs.
pub(super) fn all(batch: &Batch<'_>, jobs: &[Job]) -> Result<(), Failure> {
    let Some(first) = jobs.first() else { return Ok(()) };
    pictures::check_names(&first.args)?;
    let loaded = batch.loaded(first)?;
    load::show(&loaded.warnings);
    let mut found = Problems::default();
    if batch.args.output.is_none() && overview::has_output(&loaded.graph) {
        return Err(Failure::new(Exit::Usage, "the patch has an output: say where it goes with `-o out/`"));
    }
    let reads = reads(batch, jobs, &loaded)?;
    found.outputs(batch, jobs, &reads);
    found.recorders(batch, jobs, (&loaded, &reads))?;
    found.conclude(jobs)
}

/// What all of them read, those of other parts too.
fn reads(batch: &Batch<'_>, jobs: &[Job], first: &Loaded) -> Result<Reads, Failure> {
    let mut reads = Reads::of(&batch.args.patch, first);
    jobs.iter().flat_map(|job| &job.args.input).for_each(|input| reads.hears(&input.file));
    let plays = first.graph.nodes().any(|(_, node)| node.downcast_ref::<FileSource>().is_some());
    if plays && differs(batch) {
        for job in jobs {
            reads.plays(&batch.loaded(job)?.graph);
        }
    }
    Ok(reads)
}

/// Whether the patch is another one for each input.
fn differs(batch: &Batch<'_>) -> bool {
    batch.args.patch_args.set.iter().any(|setting| has_placeholder(&setting.value))
}

/// Files by their places, and what they are, for people.
#[derive(Default)]
struct Problems {
    written: BTreeMap<PathBuf, String>,
    usage: Vec<String>,
    there: Vec<String>,
    /// Whether names of folders, or leave to replace or to skip, would help.
    twins: bool,
    skippable: bool,
}

impl Problems {
    fn outputs(&mut self, batch: &Batch<'_>, jobs: &[Job], reads: &Reads) {
        for (job, output) in jobs.iter().flat_map(|job| job.writes().map(move |output| (job, output))) {
            let place = files::real(output);
            if let Some(what) = reads.replaced_by(output) {
                self.usage.push(format!("{} would replace {what}", shown(output)));
            } else if !self.claim(&place, output, shown(&job.input)) {
                self.twins = true;
            } else if job.mine && !job.done {
                let in_the_way = in_the_way(output, batch.args.overwrite);
                let skips = batch.args.skip_existing;
                self.skippable |= !skips && in_the_way.is_some() && output.is_file();
                // Only a picture can be, as what has its output is skipped.
                let alone = if skips { ", and what it is a picture of is not: move it away" } else { "" };
                self.there.extend(in_the_way.map(|what| what + alone));
            }
        }
    }

    /// Whether nobody else writes there.
    fn claim(&mut self, place: &Path, file: &Path, whose: String) -> bool {
        if let Some(other) = self.written.get(place) {
            self.usage.push(format!("{other} and {whose} would both become {}", shown(file)));
            return false;
        }
        self.written.insert(place.to_owned(), whose);
        true
    }

    /// Files that the patch's recorders write: each input's run has to have its own.
    fn recorders(&mut self, batch: &Batch<'_>, jobs: &[Job], (first, reads): (&Loaded, &Reads)) -> Result<(), Failure> {
        let sinks = sinks(first);
        let Some((name, _)) = sinks.first() else { return Ok(()) };
        if jobs.len() > 1 && !differs(batch) {
            let names: Vec<_> = sinks.iter().map(|(name, file)| format!("`{name}` ({})", shown(file))).collect();
            self.usage.push(format!(
                "the patch records, too, and {} of {} would be written for each of {}: give each its own by \
                 `--set {name}.path=takes/{{stem}}.wav`, in the patch's folder",
                if names.len() == 1 { "the file" } else { "the files" },
                names.join(", "),
                count(jobs.len(), "input"),
            ));
            return Ok(());
        }
        for job in jobs.iter().filter(|job| !job.done) {
            let loaded = batch.loaded(job)?;
            if job.mine {
                files::free(&loaded, reads)?;
            }
            for (name, file) in self::sinks(&loaded) {
                self.claim(&files::real(&file), &file, format!("`{name}` of {}", shown(&job.input)));
            }
        }
        Ok(())
    }

    fn conclude(mut self, jobs: &[Job]) -> Result<(), Failure> {
        let exit = if self.usage.is_empty() { Exit::File } else { Exit::Usage };
        let mut problems = std::mem::take(&mut self.usage);
        problems.append(&mut self.there);
        if problems.is_empty() {
            return Ok(());
        }
        let more = problems.len().saturating_sub(NAMED);
        let mut message = format!("nothing was rendered of {}:", count(jobs.len(), "file"));
        problems.iter().take(NAMED).for_each(|problem| message.push_str(&format!("\n  {problem}")));
        if more > 0 {
            message.push_str(&format!("\n  and {more} more"));
        }
        if self.twins {
            message.push_str("\n`-o 'out/{dir}/{stem}.wav'` keeps files of one name apart by their folders");
        }
        if self.skippable {
            message.push_str("\n--overwrite replaces what is there, --skip-existing leaves it and renders the rest");
        }
        Err(Failure::new(exit, message).with("problems", problems))
    }
}

/// The recorders of a patch, and the first file of each.
fn sinks(loaded: &Loaded) -> Vec<(String, PathBuf)> {
    let nodes = loaded.graph.nodes();
    let sinks = nodes.filter_map(|(name, node)| Some((name.to_string(), node.downcast_ref::<FileSink>()?.writes())));
    sinks.flat_map(|(name, files)| files.into_iter().map(move |file| (name.clone(), file))).collect()
}

/// What keeps an output from being written, by what is there now.
fn in_the_way(output: &Path, overwrite: bool) -> Option<String> {
    let shown_output = shown(output);
    match output.symlink_metadata() {
        Ok(found) if found.is_symlink() => Some(format!("{shown_output} is a symbolic link, which is not followed")),
        Ok(found) if !found.is_file() => Some(format!("{shown_output} is no regular file")),
        Ok(_) if !overwrite => Some(format!("{shown_output} is there already")),
        Ok(_) => None,
        Err(_) => files::blocked(output),
    }
}
