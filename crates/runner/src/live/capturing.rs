//! A run that is captured: what Live hands to the capture.

use std::sync::Arc;
use std::time::Duration;

use patchline_capture::{Capture, Source, Stretch, Tap};
use patchline_graph::{Engine, Graph};
use patchline_io::{DeviceSpec, IoEvent};
use patchline_patch::Registry;
use tracing::warn;

use crate::style;

/// How long a disk is waited for on a device that no clock paces.
const PATIENCE: Duration = Duration::from_secs(5);

/// The capture of a run, and the patch that it plays.
#[derive(Clone)]
pub(crate) struct Capturing {
    pub(crate) capture: Arc<Capture>,
    pub(crate) registry: Registry,
    /// The patch, if what is loaded next is what it says; else the graph is kept.
    pub(crate) source: Option<Source>,
    /// Whether it was said that something is missing.
    pub(crate) said: bool,
}

impl Capturing {
    /// Follows an engine to which `graph` is loaded next.
    pub(super) fn begin(&self, engine: &mut Engine, device: &DeviceSpec, graph: &Graph) -> Tap {
        let stretch = Stretch { device: device.name.clone(), outputs: device.outputs };
        let tap = self.capture.begin(engine, &self.registry, stretch);
        self.source.iter().for_each(|source| self.capture.announce(source.clone(), graph));
        tap
    }

    /// `graph` is loaded next, and is of this patch.
    pub(super) fn announce(&mut self, source: Option<Source>, graph: &Graph) {
        self.source = source;
        self.source.iter().for_each(|source| self.capture.announce(source.clone(), graph));
    }

    /// Says it when something begins to be missing; how much it came to is said in the end.
    pub(super) fn look(&mut self) {
        if self.said {
            return;
        }
        if let Some(problem) = self.capture.problem() {
            self.said = true;
            warn!("the capture is incomplete: {}", style::safe(&problem, 200));
        }
    }

    pub(super) fn note(&self, event: &IoEvent) {
        self.capture.note(event);
    }

    /// Lets the disk keep up with virtual time.
    pub(super) fn wait(&self) {
        self.capture.wait(PATIENCE);
    }

    pub(super) fn end(&self, engine: &Engine) {
        self.capture.end(engine);
    }
}
