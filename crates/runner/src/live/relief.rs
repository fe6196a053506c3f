//! Nodes with `optional = true` are left out while the callback has too much to do.

use std::collections::BTreeMap;
use std::time::Duration;

use patchline_graph::{BypassError, Engine, NodeName};
use patchline_io::load::Load;
use patchline_io::shed::{Shedder, Shift};
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::units::{count, percent};

/// Leaves nodes out and takes them back.
pub(super) struct Relief {
    /// `None` where no node may be left out.
    shedder: Option<Shedder>,
    limit: f64,
    rate: u32,
    /// The part of the time that each optional node took when it last ran.
    optional: Vec<(String, f64)>,
    /// What the engine had no room to be told yet.
    owed: Option<Shift>,
    shed: Shed,
}

/// What was left out in a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shed {
    /// How often each node was.
    times: BTreeMap<String, u64>,
    /// Those that are now.
    out: Vec<String>,
}

impl Relief {
    /// For the optional nodes of what an engine plays, above a load of `limit`.
    pub(super) fn new(engine: &Engine, limit: Option<f64>, rate: u32) -> Self {
        let optional = engine.graph().optional_nodes().map(|name: &NodeName| (name.to_string(), 0.0));
        let optional: Vec<_> = optional.collect();
        let shedder = limit.filter(|_| !optional.is_empty()).map(Shedder::new);
        Self { shedder, limit: limit.unwrap_or(0.0), rate, optional, owed: None, shed: Shed::default() }
    }

    /// Another graph plays, perhaps with another limit. Nodes that are out come back, to be left out again if need be.
    pub(super) fn follow(&mut self, engine: &mut Engine, limit: Option<f64>) {
        let out: Vec<String> = self.shedder.iter().flat_map(Shedder::out).map(str::to_owned).collect();
        // Where there is no room to be told, it stays out until the next load.
        out.iter().for_each(|name| _ = engine.bypass(name, false, None));
        *self = Self { shed: std::mem::take(&mut self.shed), ..Self::new(engine, limit, self.rate) };
        self.shed.out.clear();
    }

    /// Looks at the load at a time of the stream, and does what is to be done.
    pub(super) fn look(&mut self, now: Duration, load: Option<Load>, engine: &mut Engine) {
        let (Some(shedder), Some(Load { mean, .. })) = (&mut self.shedder, load) else { return };
        // A node that is left out costs nothing, but would cost what it did.
        let costs = engine.costs();
        for (name, cost) in &mut self.optional {
            let here = shedder.out().all(|out| out != name);
            if let Some(new) = costs.iter().find(|cost| here && cost.node == *name) {
                *cost = new.load(self.rate);
            }
        }
        let Some(shift) = self.owed.take().or_else(|| shedder.look(now, mean, &self.optional)) else { return };
        let (name, on) = match &shift {
            Shift::Out(name) => (name, true),
            Shift::Back(name) => (name, false),
        };
        match (engine.bypass(name, on, None), on) {
            (Ok(()), true) => {
                let (load, limit) = (percent(mean), percent(self.limit));
                warn!(
                    "load {load}, above {limit}: `{name}`, which is optional, is left out until there is time for it"
                );
                *self.shed.times.entry(name.clone()).or_default() += 1;
            }
            (Ok(()), false) => info!("load {}: there is time for `{name}` again", percent(mean)),
            (Err(BypassError::Busy), _) => self.owed = Some(shift.clone()),
            (Err(error), _) => warn!("{error}"),
        }
        self.shed.out = engine.bypassed().map(str::to_owned).collect();
    }

    /// What was left out so far.
    pub(super) fn shed(&self) -> &Shed {
        &self.shed
    }
}

impl Shed {
    /// For the status line: `without verb, haze`.
    pub(crate) fn short(&self) -> Option<String> {
        (!self.out.is_empty()).then(|| format!("without {}", self.out.join(", ")))
    }

    /// For the report: `left out under load: \`verb\` 2 times`.
    pub(super) fn text(&self) -> Option<String> {
        let nodes = self.times.iter().map(|(name, times)| format!("`{name}` {}", count(*times as usize, "time")));
        let nodes: Vec<String> = nodes.collect();
        (!nodes.is_empty()).then(|| format!("left out under load: {}", nodes.join(", ")))
    }

    /// For programs: each node and how often.
    pub(super) fn data(&self) -> Value {
        let node =
            |(node, times): (&String, &u64)| json!({ "node": node, "times": times, "now": self.out.contains(node) });
        self.times.iter().map(node).collect()
    }
}

#[cfg(test)]
mod tests {
    use patchline_graph::{Graph, Renderer, StreamSpec, engine};
    use patchline_nodes::{Gain, Oscillator, Output};

    use super::*;

    /// `tone -> trim -> out`, in which `trim` may be left out.
    fn playing(optional: bool) -> (Engine, Renderer) {
        let mut graph = Graph::new();
        graph.add("tone", Oscillator::default()).unwrap().add("out", Output::default()).unwrap();
        graph.add("trim", Gain::default()).unwrap().chain(&["tone", "trim", "out"]).unwrap();
        if optional {
            graph.optional("trim").unwrap();
        }
        let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
        engine.load(graph).unwrap();
        (engine, renderer)
    }

    fn load(mean: f64) -> Option<Load> {
        Some(Load { mean, peak: mean, overall: mean, worst: mean, overruns: 0, blocks: 1 })
    }

    fn look(relief: &mut Relief, engine: &mut Engine, seconds: std::ops::Range<u64>, mean: f64) -> Option<String> {
        seconds.for_each(|second| relief.look(Duration::from_secs(second), load(mean), engine));
        relief.shed().short()
    }

    #[test]
    fn an_optional_node_is_left_out_told_and_taken_back() {
        let (mut engine, _renderer) = playing(true);
        let mut relief = Relief::new(&engine, Some(0.9), 48_000);
        assert_eq!(look(&mut relief, &mut engine, 0..1, 0.95), None);
        assert_eq!(look(&mut relief, &mut engine, 1..3, 0.95).unwrap(), "without trim");
        assert_eq!(engine.bypassed().collect::<Vec<_>>(), ["trim"]);
        assert_eq!(look(&mut relief, &mut engine, 3..30, 0.2), None);
        assert_eq!(engine.bypassed().count(), 0);
        assert_eq!(relief.shed().text().unwrap(), "left out under load: `trim` 1 time");
        assert_eq!(relief.shed().data(), json!([{ "node": "trim", "times": 1, "now": false }]));
    }

    #[test]
    fn nothing_is_left_out_that_must_not_be() {
        for (optional, limit) in [(false, Some(0.9)), (true, None)] {
            let (mut engine, _renderer) = playing(optional);
            let mut relief = Relief::new(&engine, limit, 48_000);
            assert_eq!(look(&mut relief, &mut engine, 0..30, 5.0), None);
            assert_eq!((engine.bypassed().count(), relief.shed().text()), (0, None));
        }
    }
}
