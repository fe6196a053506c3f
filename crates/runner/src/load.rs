//! From a patch's file to something that can be compiled, with everything that is wrong with it said.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::civil::DateTime;
use patchline_graph::{Frames, Graph, LoadError, StreamSpec};
use patchline_patch::{
    Checked, Diagnostics, EngineSettings, Files, Loaded, MOST_BYTES, Options, Patch, Registry, Style, render,
};
use serde_json::Value;

use tracing::info;

use crate::cli::{Assumed, PatchArgs};
use crate::exit::{Exit, Failure};
use crate::units::count;
use crate::{near, output, overview, style};

/// The rate in Hz, the block in frames and the channels where nobody says.
pub(crate) const USUAL_RATE: u32 = 48_000;
pub(crate) const USUAL_BLOCK: usize = 512;
const USUAL_CHANNELS: usize = 2;

/// Reads a patch, `-` from stdin, and applies what the command line sets in it.
pub(crate) fn read(path: &Path, args: &PatchArgs) -> Result<Patch, Trouble> {
    let stdin = path == Path::new("-");
    let path = if stdin { Path::new("stdin") } else { path };
    let mut bytes = Vec::new();
    // One byte too many is enough to know that there are too many.
    let most = MOST_BYTES as u64 + 1;
    let taken = if stdin {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        if is_pipe(path) {
            info!("{} is a pipe: waiting for the patch to be written into it", shown(path));
        }
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    taken.map_err(|error| Trouble::File(format!("cannot read {}: {}", shown(path), near::unopened(path, &error))))?;
    Ok(prepare(patchline_patch::read(&bytes, path)?, stdin, args))
}

/// Whether reading waits for somebody who writes.
fn is_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        path.metadata().is_ok_and(|found| found.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// As [`read`], for a patch that is in memory already.
#[cfg(test)]
pub(crate) fn from_bytes(bytes: &[u8], path: &Path, args: &PatchArgs) -> Result<Patch, Trouble> {
    Ok(prepare(patchline_patch::read(bytes, path)?, false, args))
}

/// As [`read`], for a patch that somebody sent, in the place of the one in `path`.
pub(crate) fn sent(text: &str, path: &Path, named: Files, args: &PatchArgs) -> Result<Patch, Trouble> {
    let stdin = path == Path::new("-");
    let path = if stdin { Path::new("stdin") } else { path };
    let options = Options { files: named, ..options(args, None) };
    Ok(prepared(patchline_patch::read(text.as_bytes(), path)?, stdin, &options, args))
}

/// Reads what a patch includes, and sets what the command line says.
fn prepare(patch: Patch, stdin: bool, args: &PatchArgs) -> Patch {
    prepared(patch, stdin, &options(args, None), args)
}

fn prepared(patch: Patch, stdin: bool, options: &Options, args: &PatchArgs) -> Patch {
    let mut patch = if stdin { patch.without_folder() } else { patch };
    patch.gather(options);
    for setting in &args.set {
        patch.set(&setting.node, &setting.parameter, &setting.value);
    }
    args.scene.iter().for_each(|scene| patch.start_with(scene));
    patch
}

/// What a patch is loaded with.
pub(crate) fn options(args: &PatchArgs, clock: Option<DateTime>) -> Options {
    let usual = Options::default();
    Options { allowed: args.allow_path.clone(), start: clock.unwrap_or(usual.start), ..usual }
}

/// Loads a patch; where that fails, the mistakes of its graph are told too.
pub(crate) fn load(
    registry: &Registry,
    patch: &Patch,
    args: &PatchArgs,
    clock: Option<DateTime>,
) -> Result<Loaded, Trouble> {
    let options = options(args, clock);
    patch.load(registry, &options).map_err(|few| {
        let all = patch.check(registry, &options, |settings, graph| Assumed::default().stream(settings, graph));
        all.err().unwrap_or(few).into()
    })
}

impl Assumed {
    /// The stream that a graph with these settings would run on: as many outputs as the graph names.
    pub(crate) fn stream(&self, settings: &EngineSettings, graph: &Graph) -> StreamSpec {
        let (least, open) = overview::device_inputs(graph);
        let usual = if open { least.max(USUAL_CHANNELS) } else { least };
        let rate = self.rate.or(settings.rate()).unwrap_or(USUAL_RATE);
        let inputs = self.channels.unwrap_or(usual);
        StreamSpec { outputs: None, ..StreamSpec::new(rate, block(settings), inputs, 0) }
    }

    /// Reads, loads and compiles a patch for that stream.
    pub(crate) fn check(&self, registry: &Registry, path: &Path, args: &PatchArgs) -> Result<Checked, Trouble> {
        let patch = read(path, args)?;
        Ok(patch.check(registry, &options(args, None), |settings, graph| self.stream(settings, graph))?)
    }
}

/// Frames per block, where only the patch says something.
pub(crate) fn block(settings: &EngineSettings) -> usize {
    match settings.block {
        0 => USUAL_BLOCK,
        block => block as usize,
    }
}

/// Why a patch cannot be used.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Its file cannot be read.
    File(String),
    /// It has mistakes.
    Mistakes(Box<Diagnostics>),
}

impl From<Diagnostics> for Trouble {
    fn from(mistakes: Diagnostics) -> Self {
        Self::Mistakes(Box::new(mistakes))
    }
}

/// The mistakes are shown at once, since a failure's message is one sentence.
impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::File(message) => Self::new(Exit::File, message),
            Trouble::Mistakes(mistakes) => shown_failure(Exit::Patch, &mistakes),
        }
    }
}

/// A failure by mistakes that have places, and are shown there.
pub(crate) fn shown_failure(exit: Exit, mistakes: &Diagnostics) -> Failure {
    show(mistakes);
    let message = format!("{}: {}", shown(mistakes.path()), count(mistakes.len(), "mistake"));
    let failure = Failure::new(exit, message).said();
    match serde_json::to_value(mistakes) {
        Ok(Value::Object(data)) => data.into_iter().fold(failure, |failure, (key, value)| failure.with(&key, value)),
        _ => unreachable!("mistakes are an object of texts and numbers"),
    }
}

/// What an engine says against a patch's graph.
pub(crate) fn refused(loaded: &Loaded, error: LoadError) -> Failure {
    match error {
        LoadError::Graph(errors) => Trouble::from(loaded.locate(&errors)).into(),
        error => Failure::new(Exit::Broken, error.to_string()),
    }
}

/// Shows mistakes or warnings on stderr; anstream takes the colours out where they do not belong.
pub(crate) fn show(diagnostics: &Diagnostics) {
    if !diagnostics.is_empty() {
        output::tell(render(diagnostics, Style::Ansi).trim_end());
    }
}

/// A path for a message.
pub(crate) fn shown(path: &Path) -> String {
    style::safe(&path.to_string_lossy(), 200)
}

/// How long what changes in a running patch fades, in frames.
pub(crate) fn fade(settings: &EngineSettings, rate: u32) -> Frames {
    settings.fade.frames(f64::from(rate))
}
