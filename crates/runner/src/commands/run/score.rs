//! A patch on its way to a device, as often as it has to start.

use std::sync::Arc;

use jiff::SignedDuration;
use patchline_capture::{Capture, Source};
use patchline_graph::{Frames, Graph, StreamSpec};
use patchline_nodes::FileSink;
use patchline_patch::{Checked, EngineSettings, Patch, Registry};
use tracing::{info, warn};

use crate::cli::{self, RunArgs};
use crate::live::{Capturing, Done};
use crate::load::{self, Trouble};

/// What is played, and how much of it was.
pub(super) struct Score<'a> {
    registry: &'a Registry,
    pub(super) args: &'a RunArgs,
    patch: Patch,
    /// Seconds played already.
    played: f64,
}

impl<'a> Score<'a> {
    /// Reads the patch of the command line.
    pub(super) fn new(registry: &'a Registry, args: &'a RunArgs) -> Result<Self, Trouble> {
        Ok(Self { registry, args, patch: load::read(&args.patch, &args.patch_args)?, played: 0.0 })
    }

    /// Loads and compiles it for a stream.
    pub(super) fn check(&self, stream: impl FnOnce(&EngineSettings, &Graph) -> StreamSpec) -> Result<Checked, Trouble> {
        let played = SignedDuration::try_from_secs_f64(self.played).unwrap_or(SignedDuration::ZERO);
        let clock = self.args.clock.map(|clock| clock.saturating_add(played));
        let options = load::options(&self.args.patch_args, clock);
        Ok(self.patch.check(self.registry, &options, stream)?)
    }

    /// What is captured of it.
    pub(super) fn capturing(&self, capture: Arc<Capture>) -> Capturing {
        let source = Source::of(&self.patch, &load::options(&self.args.patch_args, self.args.clock));
        Capturing { capture, registry: self.registry.clone(), source, said: false }
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
        let Ok(checked) = self.check(|_, _| StreamSpec { outputs: None, ..done.stream() }) else { return };
        for (name, node) in checked.loaded.graph.nodes() {
            let Some(path) = node.downcast_ref::<FileSink>().and_then(|sink| numbered(&sink.path)) else { continue };
            info!("{name}: records to {path} from here on");
            self.patch.set(name.as_str(), "path", &path);
        }
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
