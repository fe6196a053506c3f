//! What there is to be shown at one moment, taken on the control thread.

use std::sync::Arc;

use patchline_graph::{AnyNode, Engine, Graph, Per, Reading, Readings};
use patchline_nodes::Gain;
use patchline_patch::{Parameter, Registry, Scene};

use super::flow::{self, Row};
use crate::live::Live;
use crate::units::frames_and_ms;

/// A moment of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) patch: String,
    pub(super) state: String,
    /// Frames rendered so far, and how many make a second.
    pub(super) frames: u64,
    pub(super) rate: u32,
    /// The length of a block: `128 frames (2.67 ms)`.
    pub(super) block: String,
    /// The shares of its time that the callback took: on average, and at worst since the last moment.
    pub(super) load: Option<(f64, f64)>,
    pub(super) xruns: u64,
    pub(super) frames_lost: u64,
    /// All of the way: `8.00 ms`, and by its parts.
    pub(super) latency: String,
    pub(super) ways: String,
    /// All nodes, the same as long as the graph is the same.
    pub(super) rows: Arc<Vec<Row>>,
    /// What they have measured, in their order.
    pub(super) measured: Vec<Vec<Measured>>,
    /// What nodes said last, in their order.
    pub(super) said: Vec<Option<String>>,
    /// Nodes that are left out.
    pub(super) bypassed: Vec<String>,
    /// Gains that are muted.
    pub(super) muted: Vec<String>,
    /// The node that is looked at, with its parameters.
    pub(super) looked_at: Option<(String, Vec<Parameter>)>,
    pub(super) scenes: Vec<String>,
    /// What became of the last wish; the number tells one from another.
    pub(super) answer: Option<(u64, Answer)>,
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done(String),
    Refused(String),
}

/// A reading and its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) per_channel: bool,
    pub(super) values: Vec<f64>,
}

impl Measured {
    fn new((reading, values): (&'static Reading, Vec<f64>)) -> Self {
        Self { name: reading.name, unit: reading.unit, per_channel: reading.per == Per::Channel, values }
    }
}

fn muted(graph: &Graph) -> Vec<String> {
    let is_muted = |node: &AnyNode| node.downcast_ref::<Gain>().is_some_and(|gain| gain.mute);
    graph.nodes().filter(|(_, node)| is_muted(node)).map(|(name, _)| name.to_string()).collect()
}

/// Takes snapshots; keeps what changes only with the graph.
#[derive(Default)]
pub(super) struct Camera {
    /// How many loads the engine had when the rows were made.
    loads: Option<u64>,
    rows: Arc<Vec<Row>>,
    readings: Vec<Option<Readings>>,
}

impl Camera {
    /// A snapshot of what plays, with the parameters of this node.
    pub(super) fn take(
        &mut self,
        (patch, scenes): (&str, &[Scene]),
        live: &Live,
        registry: &Registry,
        node: &str,
    ) -> Snapshot {
        let engine = live.engine();
        self.follow(engine);
        let (stats, rate) = (live.stats(), live.stream().rate);
        let latency = live.latency();
        let measured = |readings: &Option<Readings>| match readings {
            Some(readings) => readings.all().map(Measured::new).collect(),
            None => Vec::new(),
        };
        let parameters = registry.parameters_in(engine.graph(), node, rate);
        Snapshot {
            patch: patch.to_owned(),
            state: live.state(),
            frames: live.frames(),
            rate,
            block: frames_and_ms(live.stream().max_frames as u64, rate),
            load: live.load().map(|load| (load.mean, load.peak.max(load.mean))),
            xruns: stats.xruns,
            frames_lost: stats.frames_lost,
            latency: latency.in_ms(),
            ways: latency.short(),
            rows: Arc::clone(&self.rows),
            measured: self.readings.iter().map(measured).collect(),
            said: self.rows.iter().map(|row| live.last_said(&row.name).map(str::to_owned)).collect(),
            bypassed: engine.bypassed().map(ToString::to_string).collect(),
            muted: muted(engine.graph()),
            looked_at: parameters.map(|parameters| (node.to_owned(), parameters)),
            scenes: scenes.iter().map(|scene| scene.name.clone()).collect(),
            answer: None,
        }
    }

    fn follow(&mut self, engine: &Engine) {
        if self.loads == Some(engine.loads()) {
            return;
        }
        self.loads = Some(engine.loads());
        self.rows = Arc::new(flow::rows(engine.graph()));
        self.readings = self.rows.iter().map(|row| engine.readings(&row.name)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_that_are_muted_are_named() {
        let mut graph = Graph::new();
        graph.add("loud", Gain::default()).unwrap();
        graph.add("quiet", Gain { mute: true, ..Gain::default() }).unwrap();
        assert_eq!(muted(&graph), ["quiet"]);
    }
}
