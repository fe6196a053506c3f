//! `runner demo`: a built-in patch, rendered into a folder, with meters on the way.

use std::io;
use std::path::{Path, PathBuf};

use patchline_graph::Engine;
use patchline_io::file::Progress;
use patchline_nodes::Time;
use patchline_patch::Registry;
use patchline_wav::Subtype;

use super::render;
use crate::cli::{DemoArgs, RenderArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::shown;
use crate::meter::{bar, signed};
use crate::{files, load, output, style};

const PATCH: &str = include_str!("demo/demo.toml");
const LENGTH: Time = Time::Seconds(8.0);
/// A line of the meter for each half of a second.
const LINES_PER_SECOND: u64 = 2;

pub(crate) fn run(registry: &Registry, args: &DemoArgs) -> Outcome {
    let folder = &args.output;
    clear(folder).map_err(|error| Failure::new(Exit::File, format!("cannot use {}: {error}", shown(folder))))?;
    let patch = folder.join("demo.toml");
    let changed = std::fs::read(&patch).is_ok_and(|there| there != PATCH.as_bytes());
    if !changed {
        files::write(&patch, PATCH.as_bytes(), true)?;
    }
    let job = job(&patch, folder.join("demo.wav"));
    let loaded = load::load(registry, &load::read(&patch, &job.patch_args)?, &job.patch_args, None)?;
    let hint =
        if changed { "as it was changed; without it the built-in one is rendered" } else { "which you may change" };
    output::print(&format!("{}, {hint}:\n", style::strong(shown(&patch))))?;
    let mut meter = Meter::default();
    let exit = render::render(&loaded, &job, |engine, progress| meter.show(engine, progress))?;
    output::print(&last_words(&patch, folder, job.output.as_deref().unwrap_or(folder)))?;
    Ok(exit)
}

/// Makes the folder, without the takes of an earlier demo: they are numbered and would add up.
fn clear(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let takes = folder.join("takes");
    if !takes.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(takes)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("swell-") && name.ends_with(".wav") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn job(patch: &Path, output: PathBuf) -> RenderArgs {
    RenderArgs {
        output: Some(output),
        overwrite: true,
        duration: Some(LENGTH),
        subtype: Subtype::Pcm16,
        ..RenderArgs::of(patch)
    }
}

/// The level while it renders, as a meter beside a speaker would show it.
#[derive(Default)]
struct Meter {
    lines: u64,
}

impl Meter {
    fn show(&mut self, engine: &Engine, progress: Progress) {
        let due = (self.lines + 1) * u64::from(engine.stream().rate) / LINES_PER_SECOND;
        if progress.frames < due {
            return;
        }
        self.lines += 1;
        let reading = |node: &str, name: &str| engine.readings(node).and_then(|readings| readings.get(name, 0));
        let level = reading("level", "rms_all").unwrap_or(f64::NEG_INFINITY);
        let open = reading("ear", "open").is_some_and(|open| open >= 0.5);
        let seconds = self.lines as f64 / LINES_PER_SECOND as f64;
        let recording = if open { style::warning("● recording").to_string() } else { String::new() };
        let line = format!("{seconds:4.1} s  {} {:>6} dBFS  {recording}", bar(level), signed(level));
        // Whoever does not want to see it wants the file all the same.
        let _ = output::print(&format!("{}\n", line.trim_end()));
    }
}

/// What to do next; the last line is the file.
fn last_words(patch: &Path, folder: &Path, file: &Path) -> String {
    let (patch, takes, file) = (shown(patch), shown(&folder.join("takes")), file.display());
    format!(
        "\n0 dBFS is as loud as a file can be; a bar covers the 60 dB below that.\n\
         Each swell is in {takes}. Next:\n  \
         runner check {patch}\n  \
         runner graph {patch} --format svg -o demo.svg\n  \
         runner render {patch} --duration 8s -o mine.wav --set echo.time=100ms\n\
         {file}\n"
    )
}
