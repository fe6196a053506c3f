//! A patch on its way to a device, as often as it has to start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use patchline_capture::{Capture, Source};
use patchline_graph::{Frames, Graph, StreamSpec};
use patchline_nodes::FileSink;
use patchline_patch::{Checked, EngineSettings, Files, MidiInputs, Options, Patch, Registry};
use tracing::{info, warn};

use crate::cli::{self, RunArgs};
use crate::exit::{Exit, Failure};
use crate::live::{Capturing, Done};
use crate::load::{self, Trouble};

/// Inputs enough for any patch.
const MOST_INPUTS: usize = 1_024;

/// What is played, and how much of it was.
pub(super) struct Score<'a> {
    pub(super) registry: &'a Registry,
    pub(super) args: &'a RunArgs,
    patch: Patch,
    /// Whether it came from something that cannot be read again.
    stream: bool,
    /// Its file, and those that it includes.
    files: Vec<PathBuf>,
    /// Which files it may name.
    named: Files,
    /// When the run started: what `{date}` and `{time}` in file names count from, however often the patch is read.
    start: DateTime,
    /// Whether files are numbered, as those of another start.
    numbered: bool,
    /// Seconds played already.
    played: f64,
}

impl<'a> Score<'a> {
    /// Reads the patch of the command line.
    pub(super) fn new(registry: &'a Registry, args: &'a RunArgs) -> Result<Self, Trouble> {
        let stream = args.patch == Path::new("-") || args.patch.metadata().is_ok_and(|found| !found.is_file());
        let patch = load::read(&args.patch, &args.patch_args)?;
        let start = args.clock.unwrap_or_else(|| load::options(&args.patch_args, None).start);
        let files = patch.files();
        Ok(Self { registry, args, patch, stream, files, named: Files::default(), start, numbered: false, played: 0.0 })
    }

    /// Loads and compiles it for a stream.
    pub(super) fn check(&self, stream: impl FnOnce(&EngineSettings, &Graph) -> StreamSpec) -> Result<Checked, Trouble> {
        let played = SignedDuration::try_from_secs_f64(self.played).unwrap_or(SignedDuration::ZERO);
        let options = Options { start: self.start.saturating_add(played), ..self.options() };
        let mut checked = self.patch.check(self.registry, &options, stream)?;
        let midi = &mut checked.loaded.control.midi;
        if self.args.control.learn.is_some() && !midi.any() {
            *midi = MidiInputs::All;
        }
        Ok(checked)
    }

    fn options(&self) -> Options {
        Options { files: self.named, ..load::options(&self.args.patch_args, Some(self.start)) }
    }

    /// Whether the patch came from something that cannot be read again.
    pub(super) fn is_stream(&self) -> bool {
        self.stream
    }

    /// The files of the patch as it was last read, be it with mistakes.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads the patch anew and keeps it if `judge` accepts it.
    pub(super) fn read_again<T>(&mut self, judge: impl FnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let path = &self.args.patch;
        // A pipe in its place would have us wait for whoever writes into it.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Failure::new(Exit::File, format!("{} is no file any more", load::shown(path))));
        }
        let patch = load::read(path, &self.args.patch_args)?;
        self.files = patch.files();
        self.put((patch, Files::default()), judge)
    }

    /// Takes another text for the patch and keeps it if `judge` accepts it. It comes from elsewhere and names no files but
    /// these.
    pub(super) fn read_text<T>(
        &mut self,
        (text, files): (&str, Files),
        judge: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let patch = load::sent(text, &self.args.patch, files, &self.args.patch_args)?;
        self.put((patch, files), judge)
    }

    /// As [`read_text`](Self::read_text), but the patch that plays is kept whatever `judge` says.
    pub(super) fn look_at_text<T>(
        &mut self,
        text: (&str, Files),
        judge: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let kept = (self.patch.clone(), self.named);
        let judged = self.read_text(text, judge);
        (self.patch, self.named) = kept;
        judged
    }

    /// Puts a patch in the place of the one that is played, if `judge` accepts it.
    fn put<T>(
        &mut self,
        (patch, named): (Patch, Files),
        judge: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let before = (std::mem::replace(&mut self.patch, patch), std::mem::replace(&mut self.named, named));
        if self.numbered {
            self.number(StreamSpec { outputs: None, ..StreamSpec::new(load::USUAL_RATE, 1, MOST_INPUTS, 0) });
        }
        judge(self).inspect_err(|_| (self.patch, self.named) = before)
    }

    /// The patch's text.
    pub(super) fn text(&self) -> &str {
        self.patch.text()
    }

    /// The patch as a capture keeps it, if the graph follows from its text.
    pub(super) fn source(&self) -> Option<Source> {
        self.patch.scene().is_none().then(|| self.text_source())
    }

    fn text_source(&self) -> Source {
        Source::of(&self.patch, &self.options())
    }

    /// What is captured of it.
    pub(super) fn capturing(&self, capture: Arc<Capture>) -> Capturing {
        Capturing { capture, registry: self.registry.clone(), source: self.source(), said: false }
    }

    /// Frames that are left to play at this rate; `None` is without an end.
    pub(super) fn left(&self, rate: u32) -> Option<Frames> {
        let played = (self.played * f64::from(rate)).round() as Frames;
        Some(cli::duration_frames(self.args.duration?, rate).saturating_sub(played))
    }

    /// The device came back with another rate: recordings that are complete are left alone.
    pub(super) fn go_on_after(&mut self, done: &Done, rate: u32) {
        self.played += done.stats.frames as f64 / f64::from(done.spec.rate);
        warn!(
            "the patch starts anew at {rate} Hz after {} at {} Hz: delays are empty, meters start over",
            crate::units::clock(done.stats.frames, done.spec.rate),
            done.spec.rate
        );
        self.numbered = true;
        for (name, path) in self.number(StreamSpec { outputs: None, ..done.stream() }) {
            info!("{name}: records to {path} from here on");
        }
    }

    /// Gives all recordings that have no number one; which, and where they go.
    fn number(&mut self, stream: StreamSpec) -> Vec<(String, String)> {
        let Ok(checked) = self.check(|_, _| stream) else { return Vec::new() };
        let mut numbered_now = Vec::new();
        for (name, node) in checked.loaded.graph.nodes() {
            let Some(path) = node.downcast_ref::<FileSink>().and_then(|sink| numbered(&sink.path)) else { continue };
            self.patch.set(name.as_str(), "path", &path);
            numbered_now.push((name.to_string(), path));
        }
        numbered_now
    }
}

/// The path with a number, if it has none: a file of an earlier stretch is never replaced.
fn numbered(path: &str) -> Option<String> {
    if path.contains("{seq") {
        return None;
    }
    let folder = path.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
    let end = path[folder..].rfind('.').filter(|&dot| dot > 0).map_or(path.len(), |dot| folder + dot);
    Some(format!("{}-{{seq}}{}", &path[..end], &path[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_new_start_are_numbered() {
        for (path, expected) in [
            ("take.wav", Some("take-{seq}.wav")),
            ("a.b/{date}.x.wav", Some("a.b/{date}.x-{seq}.wav")),
            ("a.b/take", Some("a.b/take-{seq}")),
            ("a/.wav", Some("a/.wav-{seq}")),
            ("take-{seq:04}.wav", None),
        ] {
            assert_eq!(numbered(path).as_deref(), expected, "{path}");
        }
    }
}
