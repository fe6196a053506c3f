//! Another graph for what plays.

use patchline_capture::Source;
use patchline_graph::{Edit, Engine, Frame, Frames, Graph, LoadError, SetError, StreamSpec};
use patchline_patch::{EngineSettings, OnXrun};
use serde_json::Value;
use tracing::info;

use super::{Live, Terms};
use crate::exit::Failure;
use crate::figures::Figures;
use crate::load;
use crate::units::percent;
use crate::watch::NewPatch;

impl Live {
    /// What a graph must be made for to be loaded here.
    pub(crate) fn stream(&self) -> &StreamSpec {
        self.engine.stream()
    }

    /// Loads another graph, without a click, and takes over what its settings say that needs no new start.
    ///
    /// # Errors
    /// What is said against it; what played plays on.
    pub(crate) fn load_graph(
        &mut self,
        graph: Graph,
        settings: &EngineSettings,
        source: Option<Source>,
    ) -> Result<(), LoadError> {
        if let Some(capture) = &mut self.capture {
            capture.announce(source, &graph);
        }
        self.engine.set_fade(load::fade(settings, self.stream().rate));
        // A simulated device has as much time as it likes.
        let busy = self.load.read().filter(|_| !self.opened.is_simulated()).map_or(0.0, |load| load.mean);
        if self.engine.load_within(graph, busy)?.dipped {
            info!("load {}: too much for both patches at once, so the old one fades out first", percent(busy));
        }
        let Terms { on_xrun, most_xruns, shed, .. } = Terms::of(settings);
        self.terms = Terms { on_xrun, most_xruns, shed, ..self.terms };
        self.xruns.keep_quiet(on_xrun == OnXrun::Ignore);
        self.figures = Figures::new(&self.engine);
        self.relief.follow(&mut self.engine, shed);
        self.heard.listens_to(&used(&self.engine));
        self.opened.device.set_latency(self.engine.schedule().latency);
        Ok(())
    }

    /// Changes nodes together, at a frame or at once; all that glides takes so many frames, if that is said.
    ///
    /// # Errors
    /// What is said against it; what played plays on.
    pub(crate) fn change(&mut self, edits: &[Edit], at: Option<Frame>, over: Option<Frames>) -> Result<(), SetError> {
        let graph = self.engine.graph();
        let rebuilds = edits.iter().any(|edit| match edit {
            Edit::Node { name, node } => graph.node(name.as_str()).is_some_and(|old| node.rebuilds(old)),
            Edit::Bypass { .. } => false,
        });
        self.engine.change(edits, at, over)?;
        if rebuilds {
            self.figures = Figures::new(&self.engine);
            self.heard.listens_to(&used(&self.engine));
        }
        self.opened.device.set_latency(self.engine.schedule().latency);
        Ok(())
    }

    /// How often another patch took over, and the last one's frame and changes.
    pub(crate) fn reloads(&self) -> (u64, Option<&(Frame, Value)>) {
        self.watch.last_reload()
    }

    /// The graph loaded last is this patch's.
    pub(crate) fn expect(&mut self, patch: NewPatch) {
        self.watch.expect(self.engine.loads(), patch);
    }

    /// A patch was not loaded.
    pub(crate) fn refuse(&mut self, failure: &Failure) {
        self.watch.refuse(failure);
    }
}

/// For each input channel of the device whether the graph listens to it.
pub(super) fn used(engine: &Engine) -> Vec<bool> {
    engine.schedule().device_in.iter().map(Option::is_some).collect()
}
